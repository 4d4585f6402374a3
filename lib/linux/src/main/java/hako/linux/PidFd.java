package hako.linux;

/**
 * A process by descriptor ({@code pidfd_open(2)}): it cannot come to mean another, and polls readable when it ended.
 */
public final class PidFd {
    public static final int SIGHUP = 1;
    public static final int SIGINT = 2;
    public static final int SIGQUIT = 3;
    public static final int SIGKILL = 9;
    public static final int SIGTERM = 15;
    public static final int SIGCONT = 18;
    public static final int SIGSTOP = 19;

    private PidFd() {}

    /** @throws LinuxException {@code ESRCH} when there is none */
    public static Fd open(long pid) {
        // pidfds are always close-on-exec.
        return Fd.own(
                (int) Syscall.check(Syscall.call(Syscall.PIDFD_OPEN, pid, 0), "pidfd_open", "open process " + pid));
    }

    /** Sends a signal; one to a process that has ended is nothing. */
    public static void signal(Fd pidfd, int number) {
        long result = pidfd.with(n -> Syscall.call(Syscall.PIDFD_SEND_SIGNAL, n, number, 0, 0));
        if (result != -Errno.ESRCH) {
            Syscall.check(result, "pidfd_send_signal", "send signal " + number + " to the process of " + pidfd);
        }
    }

    /** Whether it has ended (it may not have been reaped). */
    public static boolean hasEnded(Fd pidfd) {
        return Poller.isReadable(pidfd);
    }
}
