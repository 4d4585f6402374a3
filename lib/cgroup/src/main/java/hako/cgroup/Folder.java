package hako.cgroup;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** A cgroup in one hierarchy: a directory, made of the kernel's files and of the cgroups below it. */
record Folder(Hierarchy hierarchy, Path path) {
    private static final String PROCESSES = "cgroup.procs";
    /** A new cgroup has none of them, and can then hold no process. */
    private static final List<String> CPUSET = List.of("cpuset.cpus", "cpuset.mems");

    private static final long SPARE_BYTES = 1 << 20;

    private static final int KILLED = 128 + 9;

    /** Keeps in a variable what it gets: what ends meanwhile leaves it room. */
    private static final String GREEDY = "echo $$ >\"$0\" && all=$(tr '\\0' x </dev/zero)";

    /** With those above it; one that is there is fine. */
    void make() throws IOException {
        Path at = hierarchy.mount();
        for (Path name : at.relativize(path)) {
            Path parent = at;
            at = at.resolve(name);
            if (hierarchy.isUnified()) {
                enableControllers(parent);
            }
            if (!Files.isDirectory(at)) {
                Files.createDirectories(at);
            }
            if (hierarchy.controllers().contains("cpuset")) {
                inheritCpuset(parent, at);
            }
        }
    }

    /** One by one: a cgroup that has processes of its own is refused some of them. */
    private static void enableControllers(Path parent) throws IOException {
        String enabled = read(parent.resolve("cgroup.subtree_control"));
        for (String controller : words(read(parent.resolve("cgroup.controllers")))) {
            if (!words(enabled).contains(controller)) {
                tryWrite(parent.resolve("cgroup.subtree_control"), "+" + controller);
            }
        }
    }

    private static void inheritCpuset(Path parent, Path child) throws IOException {
        for (String file : CPUSET) {
            if (read(child.resolve(file)).isEmpty()) {
                write(child.resolve(file), read(parent.resolve(file)));
            }
        }
    }

    boolean countsApart() {
        return hierarchy.controllers().equals(Set.of("pids"));
    }

    boolean limitsTimeApart() {
        return hierarchy.controllers().contains("cpu");
    }

    void join(long pid) throws IOException {
        write(path.resolve(PROCESSES), Long.toString(pid));
    }

    /** To where another process is. @param membership of that one */
    boolean move(long pid, List<String> membership) throws IOException {
        write(hierarchy.of(membership).resolve(PROCESSES), Long.toString(pid));
        return true;
    }

    /** In it, and not below. */
    List<String> processes() throws IOException {
        return words(read(path.resolve(PROCESSES)));
    }

    boolean isFrozen() throws IOException {
        return hierarchy.isUnified()
                ? read(path.resolve("cgroup.freeze")).equals("1")
                : !read(path.resolve("freezer.state")).matches("|THAWED");
    }

    /** Whether it has the file of this setting. */
    boolean has(Setting setting) {
        boolean here = hierarchy.isUnified() || hierarchy.controllers().contains(setting.controller());
        return here && Files.exists(file(setting));
    }

    String value(Setting setting) throws IOException {
        return read(file(setting));
    }

    void set(Setting setting) throws IOException {
        write(file(setting), setting.value());
    }

    private Path file(Setting setting) {
        return path.resolve(setting.file());
    }

    /**
     * Little more than it has now becomes its limit for a moment, and a process of ours that joins it asks for much more.
     *
     * @return whether the kernel has killed that; false also where memory is not limited here
     */
    boolean exhaust(Duration patience) throws IOException, InterruptedException {
        String most = hierarchy.isUnified() ? "memory.max" : "memory.limit_in_bytes";
        if (!has(new Setting(most, ""))) {
            return false;
        }
        long used =
                Long.parseLong(read(path.resolve(hierarchy.isUnified() ? "memory.current" : "memory.usage_in_bytes")));
        // With nothing to be swapped out, or it would be that.
        List<Setting> tight = Stream.of(
                        new Setting("memory.swap.max", "0"),
                        new Setting("memory.swappiness", "0"),
                        new Setting(most, Long.toString(used + SPARE_BYTES)))
                .filter(this::has)
                .toList();
        List<Setting> before = new ArrayList<>();
        try {
            for (Setting setting : tight) {
                before.addFirst(new Setting(setting.file(), value(setting)));
                set(setting);
            }
            return isKilled(greedy(), patience);
        } finally {
            before.forEach(setting -> tryWrite(file(setting), setting.value()));
        }
    }

    private Process greedy() throws IOException {
        return new ProcessBuilder("sh", "-c", GREEDY, path.resolve(PROCESSES).toString())
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
    }

    private static boolean isKilled(Process process, Duration patience) throws InterruptedException {
        try {
            return process.waitFor(patience.toMillis(), TimeUnit.MILLISECONDS) && process.exitValue() == KILLED;
        } finally {
            process.destroyForcibly();
        }
    }

    /** With those below it; one that is not there is fine. */
    void remove() throws IOException {
        List<Path> all = new ArrayList<>(List.of(path));
        for (int i = 0; i < all.size(); i++) {
            try (DirectoryStream<Path> below = Files.newDirectoryStream(all.get(i), Folder::isFolder)) {
                below.forEach(all::add);
            } catch (NoSuchFileException e) {
                all.remove(i--);
            }
        }
        for (Path folder : all.reversed()) {
            Files.deleteIfExists(folder);
        }
    }

    private static boolean isFolder(Path path) {
        return Files.isDirectory(path, LinkOption.NOFOLLOW_LINKS);
    }

    private static List<String> words(String text) {
        return text.isEmpty() ? List.of() : List.of(text.split("\\s+"));
    }

    /** Empty where there is no such file. */
    private static String read(Path file) throws IOException {
        try {
            return Files.readString(file, StandardCharsets.UTF_8).strip();
        } catch (NoSuchFileException e) {
            return "";
        }
    }

    private static void write(Path file, String value) throws IOException {
        Files.writeString(file, value, StandardCharsets.UTF_8, StandardOpenOption.WRITE);
    }

    private static void tryWrite(Path file, String value) {
        try {
            write(file, value);
        } catch (IOException e) {
            // what then has no file is the guest's alone
        }
    }
}
