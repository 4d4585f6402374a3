package hako.vm;

import hako.linux.Fd;
import hako.linux.PidFd;
import hako.linux.Poller;
import hako.linux.ProcessIdentity;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * VMMs and helpers whose sandbox is gone: a daemon that was killed between starting a process and writing it down leaves one.
 * Each is started with its VM's run directory in its environment, which names its owner from outside, whatever was or was
 * not written. For the daemon's start, before it serves.
 */
public final class StrayProcesses {
    /** The variable that holds the VM's run directory. */
    public static final String VM_DIRECTORY = "HAKO_VM_DIRECTORY";

    private static final Duration END = Duration.ofSeconds(10);
    private static final long MAX_ENVIRONMENT_BYTES = 4096;

    /** A process of ours that nobody owns. */
    public record Stray(ProcessIdentity process, Path vmDirectory) {}

    private StrayProcesses() {}

    /**
     * Ends every process that belongs to a VM below {@code root}, except those of {@code kept}, and waits for its end.
     *
     * @param root a daemon's run directory; what runs below another is another daemon's
     * @param kept VMs that were adopted: their VMMs and helpers stay
     * @return what was ended
     */
    public static List<Stray> kill(Path root, Collection<VmRecord> kept) throws InterruptedException {
        Set<ProcessIdentity> owned = kept.stream()
                .flatMap(vm -> Stream.concat(
                        Stream.of(new ProcessIdentity(vm.pid(), vm.startTime())),
                        vm.helpers().stream().map(h -> new ProcessIdentity(h.pid(), h.startTime()))))
                .collect(Collectors.toSet());
        List<Stray> ended = new ArrayList<>();
        for (Stray found : find(root)) {
            if (!owned.contains(found.process()) && !hasOwnedParent(found, owned)) {
                end(found.process());
                ended.add(found);
            }
        }
        return ended;
    }

    private static boolean hasOwnedParent(Stray found, Set<ProcessIdentity> owned) {
        return ProcessHandle.of(found.process().pid())
                .flatMap(ProcessHandle::parent)
                .flatMap(parent -> ProcessIdentity.of(parent.pid()))
                .filter(owned::contains)
                .isPresent();
    }

    private static void end(ProcessIdentity process) throws InterruptedException {
        Optional<Fd> pidfd = process.open();
        if (pidfd.isEmpty()) {
            return;
        }
        try (Fd fd = pidfd.get()) {
            PidFd.signal(fd, PidFd.SIGKILL);
            Poller.shared().awaitReadable(fd, END);
        }
    }

    /** Processes that say they belong to a VM below {@code root}. */
    public static List<Stray> find(Path root) {
        List<Stray> found = new ArrayList<>();
        try (Stream<Path> processes = Files.list(Path.of("/proc"))) {
            processes
                    .filter(p -> Character.isDigit(p.getFileName().toString().charAt(0)))
                    .forEach(p -> of(p, root).ifPresent(found::add));
        } catch (IOException e) {
            throw new UncheckedIOException("list /proc", e);
        }
        return found;
    }

    private static Optional<Stray> of(Path process, Path root) {
        Optional<ProcessIdentity> identity =
                ProcessIdentity.of(Long.parseLong(process.getFileName().toString()));
        return identity.flatMap(id -> vmDirectory(process)
                .filter(directory -> directory.startsWith(root))
                .map(directory -> new Stray(id, directory)));
    }

    private static Optional<Path> vmDirectory(Path process) {
        String key = VM_DIRECTORY + "=";
        try (var in = Files.newInputStream(process.resolve("environ"))) {
            // Ours have two variables; a long environment is not one we made.
            String environment = new String(in.readNBytes((int) MAX_ENVIRONMENT_BYTES), StandardCharsets.UTF_8);
            return Stream.of(environment.split("\0"))
                    .filter(variable -> variable.startsWith(key))
                    .map(variable -> Path.of(variable.substring(key.length())))
                    .findFirst();
        } catch (IOException | RuntimeException e) {
            // It ended, or it is not ours to look into.
            return Optional.empty();
        }
    }
}
