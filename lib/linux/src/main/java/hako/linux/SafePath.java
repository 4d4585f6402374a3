package hako.linux;

import hako.base.HakoException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.stream.Stream;

/**
 * A directory tree whose contents a stranger chose (an image): names in it are resolved as in a chroot, by {@code
 * openat2(2)} with {@code RESOLVE_IN_ROOT}, so that neither {@code ..} nor a symbolic link leads out. The last
 * component of what is created, changed or removed is never followed. There is no way to make a device node but an
 * overlay's whiteout.
 *
 * <p>Paths are relative to the root; a leading slash changes nothing. Owned by one thread.
 */
public final class SafePath implements AutoCloseable {
    // include/uapi/linux/openat2.h
    private static final long RESOLVE_NO_MAGICLINKS = 0x02;
    private static final long RESOLVE_IN_ROOT = 0x10;
    private static final int OPEN_HOW_SIZE = 24;

    // include/uapi/linux/fcntl.h
    private static final int AT_SYMLINK_NOFOLLOW = 0x100;
    private static final int AT_REMOVEDIR = 0x200;
    private static final long UTIME_OMIT = (1 << 30) - 2;

    private final Path name;
    private final Fd root;

    private SafePath(Path name, Fd root) {
        this.name = name;
        this.root = root;
    }

    public static SafePath of(Path root) {
        return new SafePath(root, Fd.open(root, Fd.O_PATH | Fd.O_DIRECTORY, 0));
    }

    /** Below an open directory, which may be open for names only, and stays open. */
    public static SafePath below(Fd root) {
        return new SafePath(root.path(), root.dup());
    }

    /** Opens what is there, following links within the root; {@code flags} of {@link Fd}. */
    public Fd open(String path, int flags) {
        return openBelow(path.isEmpty() ? "." : path, flags, 0);
    }

    /** Whether something is there; a link counts, wherever it leads. */
    public boolean exists(String path) {
        try (Fd fd = open(path, Fd.O_PATH | Fd.O_NOFOLLOW)) {
            return fd.isOpen();
        } catch (LinuxException e) {
            if (e.errno() == Errno.ENOENT || e.errno() == Errno.ENOTDIR || e.errno() == Errno.ELOOP) {
                return false;
            }
            throw e;
        }
    }

    /** Whether a directory is there itself, not by way of a link. */
    public boolean isDirectory(String path) {
        try (Fd fd = open(path, Fd.O_PATH | Fd.O_NOFOLLOW)) {
            return Stat.of(fd).type() == Stat.S_IFDIR;
        } catch (LinuxException e) {
            if (e.errno() == Errno.ENOENT || e.errno() == Errno.ENOTDIR || e.errno() == Errno.ELOOP) {
                return false;
            }
            throw e;
        }
    }

    /**
     * A new regular file, open for writing; the caller closes it.
     *
     * @throws LinuxException {@code EEXIST} if anything is there, a dangling link included
     */
    public Fd createFile(String path, int mode) {
        try (Place place = place(path, "create")) {
            int flags = Fd.O_WRONLY | Fd.O_CREAT | Fd.O_EXCL | Fd.O_NOFOLLOW | Fd.O_CLOEXEC;
            return Fd.own((int)
                    place.check("openat", Syscall.call(Syscall.OPENAT, place.directory(), place.name(), flags, mode)));
        }
    }

    /** A new directory; its parents must be there. */
    public void createDirectory(String path, int mode) {
        try (Place place = place(path, "create directory")) {
            place.check("mkdirat", Syscall.call(Syscall.MKDIRAT, place.directory(), place.name(), mode));
        }
    }

    /** A new directory with those above it that are missing; what is there already stays as it is. */
    public void createDirectories(String path, int mode) {
        StringBuilder so = new StringBuilder();
        for (String component : path.split("/")) {
            if (component.isEmpty() || component.equals(".")) {
                continue;
            }
            so.append('/').append(component);
            try {
                createDirectory(so.toString(), mode);
            } catch (LinuxException e) {
                if (e.errno() != Errno.EEXIST) {
                    throw e;
                }
            }
        }
    }

    /** A new symbolic link; {@code target} is whatever the stranger wrote. */
    public void createSymbolicLink(String path, String target) {
        try (Place place = place(path, "create link")) {
            long text = place.arena().allocateFrom(checked(target)).address();
            place.check("symlinkat", Syscall.call(Syscall.SYMLINKAT, text, place.directory(), place.name()));
        }
    }

    /** A second name for {@code existing}, a file of this tree; if that is a link, for the link itself. */
    public void createHardLink(String path, String existing) {
        try (Place from = place(existing, "link");
                Place to = place(path, "create hard link")) {
            to.check(
                    "linkat",
                    Syscall.call(Syscall.LINKAT, from.directory(), from.name(), to.directory(), to.name(), 0));
        }
    }

    public void createFifo(String path, int mode) {
        try (Place place = place(path, "create fifo")) {
            place.check(
                    "mknodat",
                    Syscall.call(Syscall.MKNODAT, place.directory(), place.name(), Stat.S_IFIFO | mode & 07777, 0));
        }
    }

    /** An overlay's mark that a name of a lower layer is gone: character device 0:0 (overlayfs.rst). */
    public void createWhiteout(String path) {
        try (Place place = place(path, "create whiteout")) {
            place.check("mknodat", Syscall.call(Syscall.MKNODAT, place.directory(), place.name(), Stat.S_IFCHR, 0));
        }
    }

    /** Sets owner, permission bits (links have none) and time of last modification. */
    public void attributes(String path, int uid, int gid, int mode, Instant modified) {
        try (Place place = place(path, "set attributes of");
                Fd itself = open(path, Fd.O_PATH | Fd.O_NOFOLLOW)) {
            long directory = place.directory();
            place.check(
                    "fchownat", Syscall.call(Syscall.FCHOWNAT, directory, place.name(), uid, gid, AT_SYMLINK_NOFOLLOW));
            if (Stat.of(itself).type() != Stat.S_IFLNK) {
                // After the owner, whose change clears set-user-ID.
                long link = place.arena().allocateFrom(itself.path().toString()).address();
                place.check("fchmodat", Syscall.call(Syscall.FCHMODAT, Fd.CWD, link, mode & 07777));
            }
            MemorySegment times = place.arena().allocate(32, 8);
            times.set(Syscall.LONG, 8, UTIME_OMIT);
            times.set(Syscall.LONG, 16, modified.getEpochSecond());
            times.set(Syscall.LONG, 24, modified.getNano());
            place.check(
                    "utimensat",
                    Syscall.call(Syscall.UTIMENSAT, directory, place.name(), times.address(), AT_SYMLINK_NOFOLLOW));
        }
    }

    /** Sets an extended attribute of a file or directory; a link has none. */
    public void extendedAttribute(String path, String attribute, byte[] value) {
        try (Fd fd = open(path, Fd.O_RDONLY | Fd.O_NOFOLLOW | Fd.O_NONBLOCK);
                Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = arena.allocate(Math.max(1, value.length)).copyFrom(MemorySegment.ofArray(value));
            long key = arena.allocateFrom(checked(attribute)).address();
            Syscall.check(
                    Syscall.call(Syscall.FSETXATTR, fd.number(), key, bytes.address(), value.length, 0),
                    "fsetxattr",
                    "set " + attribute + " of " + path + " below " + name);
        }
    }

    /** Removes what is there and all below it, following nothing. Nothing there is fine. */
    public void remove(String path) {
        try (Place place = place(path, "remove")) {
            long result = Syscall.call(Syscall.UNLINKAT, place.directory(), place.name(), 0);
            if (result == -Errno.EISDIR) {
                removeContents(path);
                result = Syscall.call(Syscall.UNLINKAT, place.directory(), place.name(), AT_REMOVEDIR);
            }
            if (result != -Errno.ENOENT) {
                place.check("unlinkat", result);
            }
        } catch (LinuxException e) {
            if (e.errno() != Errno.ENOENT && e.errno() != Errno.ENOTDIR) {
                throw e;
            }
        }
    }

    /** Removes all below a directory. */
    public void removeContents(String path) {
        // The list is taken first: however deep the tree, one directory is open at a time.
        for (String entry : entries(path)) {
            remove(path + "/" + entry);
        }
    }

    /** The names in a directory, in no order. */
    public List<String> entries(String path) {
        try (Fd directory = open(path, Fd.O_RDONLY | Fd.O_DIRECTORY | Fd.O_NOFOLLOW);
                Stream<Path> entries = Files.list(directory.path())) {
            return entries.map(entry -> entry.getFileName().toString()).toList();
        } catch (IOException e) {
            throw new LinuxException("getdents64", "list " + path + " below " + name + " (" + e + ")", Errno.EIO);
        }
    }

    @Override
    public void close() {
        root.close();
    }

    /** A name in its directory, which is open: what the calls ending in {@code at} want. */
    private record Place(Fd parent, Arena arena, MemorySegment component, String what) implements AutoCloseable {
        long directory() {
            return parent.number();
        }

        long name() {
            return component.address();
        }

        long check(String call, long result) {
            return Syscall.check(result, call, what);
        }

        @Override
        public void close() {
            arena.close();
            parent.close();
        }
    }

    private Place place(String path, String verb) {
        String what = verb + " " + path + " below " + name;
        String stripped = strip(checked(path));
        int slash = stripped.lastIndexOf('/');
        String last = stripped.substring(slash + 1);
        if (last.isEmpty() || last.equals(".") || last.equals("..")) {
            throw new HakoException(
                    HakoException.Kind.EXTERNAL, HakoException.Code.CORRUPT, what + ": the path names no entry");
        }
        Fd parent = open(slash < 0 ? "." : stripped.substring(0, slash), Fd.O_PATH | Fd.O_DIRECTORY);
        Arena arena = Arena.ofConfined();
        return new Place(parent, arena, arena.allocateFrom(last), what);
    }

    private static String strip(String path) {
        int end = path.length();
        while (end > 0 && path.charAt(end - 1) == '/') {
            end--;
        }
        int start = 0;
        while (start < end && path.charAt(start) == '/') {
            start++;
        }
        return path.substring(start, end);
    }

    private static String checked(String text) {
        if (text.indexOf('\0') >= 0) {
            throw new HakoException(
                    HakoException.Kind.EXTERNAL,
                    HakoException.Code.CORRUPT,
                    "a NUL in a path: " + text.replace('\0', '?'));
        }
        return text;
    }

    private Fd openBelow(String path, int flags, int mode) {
        try (Arena arena = Arena.ofConfined()) {
            long text = arena.allocateFrom(checked(path)).address();
            // struct open_how { u64 flags, mode, resolve }
            MemorySegment how = arena.allocate(OPEN_HOW_SIZE, 8);
            how.set(Syscall.LONG, 0, flags | Fd.O_CLOEXEC);
            how.set(Syscall.LONG, 8, mode);
            how.set(Syscall.LONG, 16, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
            long result;
            do {
                // EAGAIN: a rename elsewhere while a ".." was resolved; openat2(2) says to try again.
                result = Syscall.call(Syscall.OPENAT2, root.number(), text, how.address(), OPEN_HOW_SIZE);
            } while (result == -Errno.EAGAIN);
            return Fd.own((int) Syscall.check(result, "openat2", "open " + path + " below " + name));
        }
    }
}
