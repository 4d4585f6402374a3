package hako.cgroup;

import hako.base.HakoException;
import hako.base.HakoException.Code;
import hako.base.HakoException.Kind;
import hako.base.Undo;
import hako.spec.LinuxResources;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A cgroup of this host: the same place in every hierarchy there is. It may be there or not; a value, and what it does is done
 * by files. Threads: any, one at a time for one cgroup.
 */
public final class Cgroup {
    private static final Logger log = LoggerFactory.getLogger(Cgroup.class);
    private static final Duration PAUSE = Duration.ofMillis(10);

    private final List<Folder> folders;

    private Cgroup(List<Folder> folders) {
        this.folders = folders;
    }

    /**
     * The one that a specification names.
     *
     * @param cgroupsPath absolute: of the host; else below the cgroup of {@code caller}
     * @throws HakoException INVALID_ARGUMENT for what names none of its own
     * @see <a href="https://github.com/opencontainers/runtime-spec/blob/main/config-linux.md#cgroups-path">runtime-spec, Cgroups Path</a>
     */
    public static Cgroup named(String cgroupsPath, long caller) {
        return named(cgroupsPath, Hierarchy.mounted(), membership(caller));
    }

    static Cgroup named(String cgroupsPath, List<Hierarchy> hierarchies, List<String> membership) {
        if (cgroupsPath.chars().anyMatch(Character::isISOControl)) {
            throw invalid(cgroupsPath.replaceAll("\\p{Cntrl}", "?"), "it has control characters");
        }
        try {
            if (Path.of("/" + cgroupsPath).normalize().getNameCount() == 0) {
                throw invalid(cgroupsPath, "it is the root of all cgroups");
            }
            return new Cgroup(hierarchies.stream()
                    .map(hierarchy -> new Folder(hierarchy, place(cgroupsPath, hierarchy, membership)))
                    .toList());
        } catch (InvalidPathException e) {
            throw invalid(cgroupsPath, e.getReason());
        }
    }

    private static Path place(String cgroupsPath, Hierarchy hierarchy, List<String> membership) {
        if (cgroupsPath.startsWith("/")) {
            return hierarchy.below(cgroupsPath);
        }
        Path own = hierarchy.of(membership);
        // In version 2 a cgroup with processes has no others with limits below it.
        Path above = hierarchy.isUnified() && !own.equals(hierarchy.mount()) ? own.getParent() : own;
        return above.resolve(Path.of("/" + cgroupsPath).normalize().toString().substring(1));
    }

    /** What {@link #toString} has written. */
    public static Cgroup parse(String text) {
        List<Hierarchy> hierarchies = Hierarchy.mounted();
        return new Cgroup(text.lines()
                .map(Path::of)
                .flatMap(path -> hierarchies.stream()
                        .filter(hierarchy -> path.startsWith(hierarchy.mount()))
                        .map(hierarchy -> new Folder(hierarchy, path)))
                .toList());
    }

    /** Its directories, a line each. */
    @Override
    public String toString() {
        return folders.stream().map(folder -> folder.path().toString()).collect(Collectors.joining("\n"));
    }

    /** Those that are in it already, in whichever hierarchy there are most. */
    public int processes() {
        return folders.stream()
                .mapToInt(folder -> ask(folder, f -> f.processes().size(), 0))
                .max()
                .orElse(0);
    }

    /** Whether a process that joined it would stand still. */
    public boolean isFrozen() {
        return folders.stream().anyMatch(folder -> ask(folder, Folder::isFrozen, false));
    }

    /** It is there from now on. */
    public void make() {
        for (Folder folder : folders) {
            attempt("make", folder, Folder::make);
        }
    }

    public void join(long pid) {
        join(pid, folders);
    }

    /**
     * The same of a VM's process, which is not to count as one where it can be kept out of what counts.
     *
     * @param timed whether it is to be where CPU time is limited apart; if not it leaves that
     */
    public void joinVm(long pid, boolean timed) {
        Predicate<Folder> shunned = folder -> !timed && folder.limitsTimeApart();
        leave(pid, folders.stream().filter(shunned).toList());
        join(
                pid,
                folders.stream()
                        .filter(shunned.negate())
                        .filter(folder -> !folder.countsApart())
                        .toList());
    }

    /** Whether processes are counted by a hierarchy that does nothing else. */
    public boolean countsApart() {
        return folders.stream().anyMatch(Folder::countsApart);
    }

    /** Whether CPU time is limited by a hierarchy that a process can be kept out of. */
    public boolean limitsTimeApart() {
        return folders.stream().anyMatch(Folder::limitsTimeApart);
    }

    private static void join(long pid, List<Folder> folders) {
        List<String> membership = membership(pid);
        for (Folder folder : folders) {
            if (!folder.hierarchy().of(membership).equals(folder.path())) {
                attempt("put process " + pid + " into", folder, f -> f.join(pid));
            }
        }
    }

    /** Whether it is in it, in one hierarchy at least. */
    public boolean holds(long pid) {
        return folders.stream().anyMatch(folder -> holds(folder, pid));
    }

    private static boolean holds(Folder folder, long pid) {
        return ask(folder, f -> f.processes().contains(Long.toString(pid)), false);
    }

    /** Moves a process that is in it to where this one is. @return whether it was in it */
    public boolean leave(long pid) {
        return leave(pid, folders);
    }

    private static boolean leave(long pid, List<Folder> folders) {
        List<String> own = membership(ProcessHandle.current().pid());
        boolean left = false;
        for (Folder folder : folders) {
            if (holds(folder, pid)) {
                left |= ask(folder, f -> f.move(pid, own), false);
            }
        }
        return left;
    }

    /**
     * Writes limits. What has no file here is passed over.
     *
     * @param undo puts back what was there before
     * @throws HakoException INVALID_ARGUMENT: the kernel refuses one of them
     */
    public void limit(LinuxResources limits, Undo undo) {
        for (Folder folder : folders) {
            List<Setting> settings = folder.hierarchy().isUnified() ? LimitsV2.of(limits) : LimitsV1.of(limits);
            List<Setting> here = settings.stream().filter(folder::has).toList();
            List<Setting> before = before(folder, here);
            undo.add(() -> set(folder, before));
            set(folder, here);
        }
    }

    /** Of files with one value; a table of devices is not taken back. */
    private static List<Setting> before(Folder folder, List<Setting> settings) {
        List<Setting> before = new ArrayList<>();
        for (Setting setting : settings) {
            String value = ask(folder, f -> f.value(setting), "");
            if (!value.isEmpty() && value.indexOf('\n') < 0) {
                before.add(new Setting(setting.file(), value));
            }
        }
        return before;
    }

    /** Some are refused for the sake of another that is still to come: memory above memory and swap, a quota of its period. */
    private static void set(Folder folder, List<Setting> settings) {
        List<Setting> refused = new ArrayList<>();
        for (Setting setting : settings) {
            try {
                folder.set(setting);
            } catch (IOException e) {
                refused.add(setting);
            }
        }
        for (Setting setting : refused) {
            try {
                folder.set(setting);
            } catch (IOException e) {
                throw new HakoException(
                        Kind.USER,
                        Code.INVALID_ARGUMENT,
                        "set %s of cgroup %s to \"%s\": %s"
                                .formatted(setting.file(), folder.path(), setting.value(), e.getMessage()),
                        e);
            }
        }
    }

    /**
     * Has the kernel kill a process in it for want of memory: one of ours, that asks for more than there is. So whoever watches
     * the cgroup for that hears of it.
     *
     * @return whether it has, in time
     */
    public boolean exhaust(Duration patience) throws InterruptedException {
        for (Folder folder : folders) {
            try {
                if (folder.exhaust(patience)) {
                    return true;
                }
            } catch (IOException e) {
                log.debug("exhaust cgroup {}: {}", folder.path(), e.getMessage());
            }
        }
        return false;
    }

    /** It goes, with all below it, as soon as the last process has left it. @return whether it has in time */
    public boolean remove(Duration patience) throws InterruptedException {
        long end = System.nanoTime() + patience.toNanos();
        while (!isRemoved()) {
            if (System.nanoTime() - end > 0) {
                return false;
            }
            Thread.sleep(PAUSE);
        }
        return true;
    }

    private boolean isRemoved() {
        boolean gone = true;
        for (Folder folder : folders) {
            try {
                folder.remove();
            } catch (IOException e) {
                log.debug("remove cgroup {}: {}", folder.path(), e.getMessage());
                gone = false;
            }
        }
        return gone;
    }

    private interface Question<T> {
        T of(Folder folder) throws IOException;
    }

    private interface Act {
        void on(Folder folder) throws IOException;
    }

    /** What is not there, or goes just now, has nothing to tell. */
    private static <T> T ask(Folder folder, Question<T> question, T absent) {
        try {
            return question.of(folder);
        } catch (IOException e) {
            log.debug("look at cgroup {}: {}", folder.path(), e.getMessage());
            return absent;
        }
    }

    private static void attempt(String what, Folder folder, Act act) {
        try {
            act.on(folder);
        } catch (IOException e) {
            throw new HakoException(
                    Kind.EXTERNAL,
                    Code.UNAVAILABLE,
                    "%s cgroup %s: %s".formatted(what, folder.path(), e.getMessage()),
                    e);
        }
    }

    private static List<String> membership(long pid) {
        try {
            return Files.readAllLines(Path.of("/proc", Long.toString(pid), "cgroup"));
        } catch (IOException e) {
            throw new HakoException(
                    Kind.EXTERNAL, Code.NOT_FOUND, "ask for the cgroups of process " + pid + ": " + e.getMessage(), e);
        }
    }

    private static HakoException invalid(String cgroupsPath, String reason) {
        return HakoException.user(
                Code.INVALID_ARGUMENT, "invalid configuration: cgroupsPath \"%s\": %s".formatted(cgroupsPath, reason));
    }
}
