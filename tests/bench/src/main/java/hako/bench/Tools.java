package hako.bench;

import hako.vm.StrayProcesses;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * What a measurement works with: what {@code ./dev build} made or {@code ./dev install} put in place, and a folder of the
 * benchmark's own. Closed, the folder is gone.
 *
 * @param install where {@code lib} and {@code guest} are
 * @param work on a disk: memory would be no measure of one
 */
record Tools(Path install, Path work) implements AutoCloseable {
    private static final Path PLACE = Path.of("/var/tmp");
    private static final String PREFIX = "hkb";

    static Tools in(Path install) {
        try {
            Path work = Files.createTempDirectory(
                    PLACE, PREFIX + ProcessHandle.current().pid() + "-");
            Remains.hold(() -> delete(work));
            return new Tools(install.toAbsolutePath().normalize(), work);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Ends and removes what benchmarks that were killed have left; none runs but this one. */
    void sweep() {
        try (Stream<Path> all = Files.list(PLACE)) {
            for (Path left : all.filter(this::isLeft).toList()) {
                try (Stream<Path> nodes = Files.list(left)) {
                    nodes.filter(home -> Files.exists(home.resolve(Node.CONFIGURATION)))
                            .forEach(home -> Node.left(this, home).close());
                }
                StrayProcesses.kill(left, List.of());
                delete(left);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new BenchmarkException("interrupted");
        }
    }

    private boolean isLeft(Path folder) {
        return folder.getFileName().toString().matches(PREFIX + "\\d+-\\d+") && !folder.equals(work);
    }

    /** Beside {@code lib} in a build; where it is installed, below the same prefix. */
    Path hako() {
        return command("hako");
    }

    Path runtime() {
        return command("hako-runtime");
    }

    private Path command(String name) {
        Path built = install.resolve("bin").resolve(name);
        return Files.exists(built)
                ? built
                : install.resolve("../../bin").resolve(name).normalize();
    }

    Path agent() {
        return install.resolve("guest/hako-agent");
    }

    Path initramfs() {
        return install.resolve("guest/initramfs.cpio");
    }

    Path kernel() {
        return install.resolve("guest/vmlinux");
    }

    /** What QEMU is given along for clones. */
    Path discard() {
        return install.resolve("lib/hako-discard.so");
    }

    Path busybox() {
        return install.resolve("guest/busybox.tar");
    }

    Path pace() {
        return program("pace");
    }

    /** Does pieces of work and tells how long they took; see its own words (tests/bench/programs). */
    Path meter() {
        return program("meter");
    }

    /** Its init says that it is there and ends the machine. */
    Path bareInitramfs() {
        return program("bare.cpio");
    }

    private Path program(String name) {
        return install.resolve("lib/bench").resolve(name);
    }

    /** A root filesystem for all: busybox and {@code meter}. */
    Path root() {
        Path root = work.resolve("root");
        if (!Files.exists(root)) {
            folder("root");
            Execution.of("tar", "-xf", busybox().toString(), "-C", root.toString());
            copy(meter(), root.resolve("bin/meter"));
        }
        return root;
    }

    /** To be added to. */
    Path copyOfRoot(String name) {
        Path copy = work.resolve(name);
        delete(copy);
        Execution.of("cp", "-a", root().toString(), copy.toString());
        return copy;
    }

    Path rootErofs() {
        Path image = work.resolve("root.erofs");
        if (!Files.exists(image)) {
            Execution.of("mkfs.erofs", image.toString(), root().toString());
        }
        return image;
    }

    Path folder(String name) {
        try {
            return Files.createDirectories(work.resolve(name));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static void copy(Path source, Path target) {
        try {
            Files.copy(source, target, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.COPY_ATTRIBUTES);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        delete(work);
    }

    /** What is mounted below it stays, and is told. */
    static void delete(Path folder) {
        if (ProcFiles.read(Path.of("/proc/self/mountinfo")).contains(" " + folder + "/")) {
            throw new BenchmarkException("still mounted below " + folder);
        }
        if (!Files.exists(folder)) {
            return;
        }
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(path);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
