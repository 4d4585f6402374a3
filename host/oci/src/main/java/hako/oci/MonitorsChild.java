package hako.oci;

import hako.base.HakoException;
import hako.linux.Fd;
import hako.linux.PidFd;
import hako.linux.Poller;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A daemon that was first called below a container's monitor is that one's child, and conmon, when its container has ended, waits
 * for all of its children (its {@code do_exit_command}), as {@code podman wait} waits for conmon. So such a daemon ends with the
 * container; whoever needs one starts the next, and nothing is lost. Threads: any.
 */
final class MonitorsChild {
    private static final Logger log = LoggerFactory.getLogger(MonitorsChild.class);
    private static final String MONITOR = "conmon";

    /** Calls which the next daemon would not go on with have so long to end. */
    private static final Duration COURTESY = Duration.ofSeconds(10);

    private final Runnable end;

    /** Guarded by this. */
    private int calls;

    /** @param end ends this daemon */
    MonitorsChild(Runnable end) {
        this.end = end;
    }

    /** A call begins that the next daemon would not go on with. */
    synchronized void begins() {
        calls++;
    }

    synchronized void ends() {
        calls--;
        notifyAll();
    }

    /** Ends this daemon, where it is a child of the same monitor as this process, which stood for a container and is about to end. */
    void endWith(long kept) {
        Optional<ProcessHandle> monitor =
                ProcessHandle.of(kept).flatMap(ProcessHandle::parent).filter(MonitorsChild::isOurParent);
        if (monitor.filter(MonitorsChild::isMonitor).isPresent()) {
            Thread.ofVirtual().name("retire").start(() -> {
                awaitEnd(kept);
                awaitQuiet();
                log.info("the container whose monitor started this daemon has ended: the daemon ends, too");
                end.run();
            });
        }
    }

    private static boolean isOurParent(ProcessHandle process) {
        return ProcessHandle.current().parent().filter(process::equals).isPresent();
    }

    private static boolean isMonitor(ProcessHandle process) {
        try {
            return Files.readString(Path.of("/proc", Long.toString(process.pid()), "comm"))
                    .strip()
                    .equals(MONITOR);
        } catch (IOException e) {
            return false; // it has ended
        }
    }

    private synchronized void awaitQuiet() {
        long deadline = System.nanoTime() + COURTESY.toNanos();
        try {
            for (long left = COURTESY.toMillis(); calls > 0 && left > 0; ) {
                wait(left);
                left = (deadline - System.nanoTime()) / 1_000_000;
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Told twice, it would start a daemon to ask. */
    private static void awaitEnd(long pid) {
        try (Fd process = PidFd.open(pid)) {
            Poller.shared().awaitReadable(process, RuntimeContainer.END_PATIENCE);
        } catch (HakoException e) {
            log.debug("await the end of process {}: {}", pid, e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
