package hako.linux;

/** Whether this kernel has io_uring, and lets us use it. See io_uring_setup(2). */
public final class IoUring {
    private static final boolean AVAILABLE = ask();

    private IoUring() {}

    public static boolean isAvailable() {
        return AVAILABLE;
    }

    /** A ring without entries or parameters is refused for that; where there is none, or none allowed, for that. */
    private static boolean ask() {
        long result = Syscall.call(Syscall.IO_URING_SETUP, 0, 0);
        return result != -Errno.ENOSYS && result != -Errno.EPERM;
    }
}
