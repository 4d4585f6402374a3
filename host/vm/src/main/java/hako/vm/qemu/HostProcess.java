package hako.vm.qemu;

import hako.linux.Fd;
import hako.linux.LinuxException;
import hako.linux.PidFd;
import hako.linux.Poller;
import hako.linux.ProcessIdentity;
import hako.linux.Spawn;
import hako.linux.Spawned;
import hako.vm.StrayProcesses;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/** A VMM or helper process: our own child, or one that an earlier daemon started. Threads: any. */
sealed interface HostProcess {
    /** Where programs are searched. */
    String PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    ProcessIdentity identity();

    /** Ends it at once; one that has ended already is left in peace. */
    void kill();

    /** Waits for its end and leaves the reaping to {@link #await}. */
    void awaitEnd() throws InterruptedException;

    /** Waits for its end, reaps it where it is ours, and lets go of it. The exit status is known for children only. */
    OptionalInt await() throws InterruptedException;

    /** Of it and its children (the C virtiofsd works in a child), proportional set size. */
    default long residentBytes() {
        long children = ProcessHandle.of(identity().pid()).stream()
                .flatMap(ProcessHandle::descendants)
                .mapToLong(child -> new ProcessIdentity(child.pid(), 0).pss())
                .sum();
        return identity().pss() + children;
    }

    /**
     * Starts one for a VM. Its environment says which ({@link StrayProcesses#VM_DIRECTORY}), so that whoever finds the process finds its
     * owner, though nothing was written down in time.
     *
     * @param variables more of its environment
     * @param descriptors the child's number to ours
     */
    static HostProcess start(
            RunFiles files, List<String> line, Map<String, String> variables, Map<Integer, Fd> descriptors) {
        Map<Integer, Integer> numbers = new HashMap<>();
        descriptors.forEach((child, ours) -> numbers.put(child, ours.number()));
        Map<String, String> environment = new HashMap<>(variables);
        environment.put("PATH", PATH);
        environment.put(StrayProcesses.VM_DIRECTORY, files.directory().toString());
        return Child.of(Spawn.start(line, environment, Path.of("/"), numbers, true));
    }

    /** Of a process that is still the one with this start time. */
    static Optional<HostProcess> find(long pid, long startTime) {
        ProcessIdentity identity = new ProcessIdentity(pid, startTime);
        return identity.open().map(pidfd -> new Adopted(identity, pidfd));
    }

    private static void end(Fd pidfd) {
        try {
            PidFd.signal(pidfd, PidFd.SIGKILL);
        } catch (LinuxException e) {
            if (pidfd.isOpen()) {
                throw e;
            } // else it has been awaited
        }
    }

    record Child(ProcessIdentity identity, Spawned process) implements HostProcess {
        static Child of(Spawned process) {
            // It cannot have been reaped yet, so it is there, a zombie if need be.
            return new Child(process.identity().orElseThrow(), process);
        }

        @Override
        public void kill() {
            end(process.pidfd());
        }

        @Override
        public void awaitEnd() throws InterruptedException {
            Poller.shared().awaitReadable(process.pidfd(), null);
        }

        @Override
        public OptionalInt await() throws InterruptedException {
            try (process) {
                return OptionalInt.of(process.await(null));
            }
        }
    }

    record Adopted(ProcessIdentity identity, Fd pidfd) implements HostProcess {
        @Override
        public void kill() {
            end(pidfd);
        }

        @Override
        public void awaitEnd() throws InterruptedException {
            Poller.shared().awaitReadable(pidfd, null);
        }

        @Override
        public OptionalInt await() throws InterruptedException {
            if (pidfd.isOpen()) {
                awaitEnd();
                pidfd.close();
            }
            return OptionalInt.empty();
        }
    }
}
