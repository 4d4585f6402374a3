package hako.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A child process started by {@link Spawn}. Whoever starts it reaps it, by {@link #await}; its pid is not used again
 * before that. Threads: any; closing it closes the pidfd and lets the process run.
 */
public final class Spawned implements AutoCloseable {
    // include/uapi/linux/wait.h
    private static final int P_PIDFD = 3;
    private static final int WNOHANG = 1;
    private static final int WEXITED = 4;

    /** include/uapi/asm-generic/siginfo.h: the child exited; else a signal ended it. */
    private static final int CLD_EXITED = 1;

    /** A process ended by signal n has status 128 + n, as in a shell. */
    private static final int SIGNAL_BASE = 128;

    private final long pid;
    private final Fd pidfd;
    private int status = -1;

    Spawned(long pid, Fd pidfd) {
        this.pid = pid;
        this.pidfd = pidfd;
    }

    public long pid() {
        return pid;
    }

    /** Readable in a {@link Poller} when the process has ended. */
    public Fd pidfd() {
        return pidfd;
    }

    /** Pid and start time, to find it again from another daemon. Empty once it is reaped. */
    public Optional<ProcessIdentity> identity() {
        return ProcessIdentity.of(pid);
    }

    public void signal(int number) {
        PidFd.signal(pidfd, number);
    }

    /**
     * SIGKILL to it and to what it has started, except what has left its process group: of one that leads a session, while
     * it is not reaped.
     */
    public synchronized void killGroup() {
        if (status < 0) { // the number is its group's as long as it is its own
            long result = Syscall.call(Syscall.KILL, -pid, PidFd.SIGKILL);
            if (result != -Errno.ESRCH) {
                Syscall.check(result, "kill", "kill the group of " + this);
            }
        }
    }

    /**
     * Waits for its end and reaps it.
     *
     * @return its exit status, or 128 plus the signal that ended it; the same at every later call
     * @throws hako.base.HakoException {@code TIMEOUT}
     */
    public int await(@Nullable Duration timeout) throws InterruptedException {
        if (!isReaped()) {
            Poller.shared().awaitReadable(pidfd, timeout);
        }
        return reap();
    }

    private synchronized boolean isReaped() {
        return status >= 0;
    }

    private synchronized int reap() {
        if (status >= 0) {
            return status;
        }
        try (Arena arena = Arena.ofConfined()) {
            // siginfo_t: si_code at 8, si_status at 24
            MemorySegment info = arena.allocate(128, 8);
            Syscall.check(
                    pidfd.with(n -> Syscall.call(Syscall.WAITID, P_PIDFD, n, info.address(), WEXITED | WNOHANG, 0)),
                    "waitid",
                    "reap process " + pid);
            int value = info.get(Syscall.INT, 24);
            status = info.get(Syscall.INT, 8) == CLD_EXITED ? value : SIGNAL_BASE + value;
            return status;
        }
    }

    @Override
    public void close() {
        pidfd.close();
    }

    @Override
    public String toString() {
        return "process " + pid;
    }
}
