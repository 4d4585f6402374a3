package hako.doorstep;

import hako.base.HakoException;
import hako.linux.Fd;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A caller's paths in the daemon's terms. A caller in the same mount namespace and root directory means the same files as we
 * do. Any other's are reached through its root's descriptor; symbolic links on the way are resolved here, because the kernel
 * would take absolute ones from our root. What each process has of its own, its descriptors above all, is the caller's by any
 * name. Immutable.
 */
final class CallerPaths {
    /** As the kernel's (include/linux/namei.h, MAXSYMLINKS). */
    private static final int MOST_LINKS = 40;

    private static final Path TOP = Path.of("/");

    /** Names of what each process has of its own, below {@code /proc/self}: {@code proc(5)}, {@code fd(4)}. */
    private static final Map<Path, Path> OWN = Map.of(
            Path.of("/dev/stdin"), Path.of("fd/0"),
            Path.of("/dev/stdout"), Path.of("fd/1"),
            Path.of("/dev/stderr"), Path.of("fd/2"),
            Path.of("/dev/fd"), Path.of("fd"),
            Path.of("/proc/self"), Path.of(""));

    private final long pid;
    private final Fd root;
    private final Fd workingDirectory;
    private final boolean shared;

    CallerPaths(long pid, Fd root, Fd workingDirectory, boolean shared) {
        this.pid = pid;
        this.root = root;
        this.workingDirectory = workingDirectory;
        this.shared = shared;
    }

    static CallerPaths of(long pid, Fd root, Fd workingDirectory) {
        return new CallerPaths(pid, root, workingDirectory, sharesMounts(pid) && isSame(root.path(), TOP));
    }

    /** Whether every path means the same to the caller and to us. */
    boolean shared() {
        return shared;
    }

    Path path(String text) {
        Path path = parse(text);
        if (own(path.normalize()) instanceof Path own) {
            return own;
        }
        if (shared) {
            return path.isAbsolute() ? path : below(workingDirectory, path);
        }
        if (path.isAbsolute()) {
            return resolve(path);
        }
        Path directory = belowRoot(workingDirectory);
        // Outside of its own root the caller has only this descriptor, and so have we.
        return directory == null ? workingDirectory.path().resolve(path) : resolve(directory.resolve(path));
    }

    /**
     * A path as the caller names it, absolute.
     *
     * @throws HakoException {@code UNSUPPORTED} where it counts from a working directory that has no name
     */
    Path name(String text) {
        Path path = parse(text);
        if (shared || path.isAbsolute()) {
            return shared ? path(text) : path;
        }
        Path directory = belowRoot(workingDirectory);
        if (directory == null) {
            throw HakoException.user(
                    HakoException.Code.UNSUPPORTED,
                    "\"" + text + "\" counts from a working directory outside of the caller's root");
        }
        return directory.resolve(path);
    }

    /**
     * An open file as the caller names it, without symbolic links.
     *
     * @throws IOException it has no name below the caller's root
     */
    Path named(Fd file) throws IOException {
        Path named = belowRoot(file);
        if (named == null) {
            throw new IOException("it has no name any more");
        }
        return named;
    }

    /** Null: it means the same to every process. */
    private @Nullable Path own(Path path) {
        for (Map.Entry<Path, Path> name : OWN.entrySet()) {
            if (path.startsWith(name.getKey())) {
                return Path.of("/proc", Long.toString(pid))
                        .resolve(name.getValue())
                        .resolve(name.getKey().relativize(path));
            }
        }
        return null;
    }

    private static Path parse(String text) {
        if (text.isEmpty()) {
            throw HakoException.user(HakoException.Code.INVALID_ARGUMENT, "a path is empty");
        }
        try {
            return Path.of(text);
        } catch (InvalidPathException e) {
            throw new HakoException(
                    HakoException.Kind.USER,
                    HakoException.Code.INVALID_ARGUMENT,
                    "\"" + text + "\" is no path: " + e.getReason(),
                    e);
        }
    }

    /** By the directory's name where it still has one. */
    private static Path below(Fd directory, Path path) {
        Path name = link(directory.path());
        return name != null && isSame(name, directory.path())
                ? name.resolve(path)
                : directory.path().resolve(path);
    }

    /** As the caller names it. */
    private @Nullable Path belowRoot(Fd file) {
        Path top = link(root.path());
        Path name = link(file.path());
        if (top == null || name == null || !name.startsWith(top)) {
            return null;
        }
        Path named = TOP.resolve(top.relativize(name));
        return isSame(root.path().resolve(TOP.relativize(named)), file.path()) ? named : null;
    }

    /** Walks an absolute path of the caller's. What does not exist stays as it is. */
    private Path resolve(Path path) {
        Deque<Path> ahead = new ArrayDeque<>();
        path.forEach(ahead::addLast);
        List<Path> walked = new ArrayList<>();
        int links = 0;
        while (!ahead.isEmpty()) {
            Path name = ahead.removeFirst();
            switch (name.toString()) {
                case "", "." -> {}
                case ".." -> {
                    if (!walked.isEmpty()) {
                        walked.removeLast();
                    }
                }
                default -> {
                    walked.addLast(name);
                    Path target = link(inRoot(walked));
                    if (target == null) {
                        continue;
                    }
                    if (++links > MOST_LINKS) {
                        throw HakoException.user(
                                HakoException.Code.INVALID_ARGUMENT, path + ": too many symbolic links");
                    }
                    walked.removeLast();
                    if (target.isAbsolute()) {
                        walked.clear();
                    }
                    for (int i = target.getNameCount() - 1; i >= 0; i--) {
                        ahead.addFirst(target.getName(i));
                    }
                }
            }
        }
        return inRoot(walked);
    }

    private Path inRoot(List<Path> names) {
        Path path = root.path();
        for (Path name : names) {
            path = path.resolve(name);
        }
        return path;
    }

    /** Null: not a link, or not there. */
    private static @Nullable Path link(Path path) {
        try {
            return Files.readSymbolicLink(path);
        } catch (IOException e) {
            return null;
        }
    }

    private static boolean isSame(Path one, Path other) {
        try {
            return Files.isSameFile(one, other);
        } catch (IOException e) {
            return false;
        }
    }

    private static boolean sharesMounts(long pid) {
        Path ours = link(Path.of("/proc/self/ns/mnt"));
        return ours != null && ours.equals(link(Path.of("/proc/" + pid + "/ns/mnt")));
    }
}
