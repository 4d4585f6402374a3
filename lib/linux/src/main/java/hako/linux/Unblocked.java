package hako.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * How to read or write a descriptor without ever blocking in the kernel, though its open file description, and so its
 * {@code O_NONBLOCK}, is shared with a stranger (the caller's shell).
 *
 * <p>Sockets have {@code MSG_DONTWAIT}. Pipes and terminals are opened again through {@code /proc/self/fd}, which makes
 * a description of our own. What allows neither is used as it is: after poll said so, and at most {@link #PIPE_BUF}
 * bytes at a time, which a pipe that polls writable takes whole.
 *
 * @param fd to be used; may be the one given
 * @param socket whether it takes {@code MSG_DONTWAIT}
 * @param nonBlocking whether a call on it answers {@code EAGAIN} rather than wait
 */
record Unblocked(Fd fd, boolean socket, boolean nonBlocking) {
    /** include/uapi/linux/limits.h */
    static final int PIPE_BUF = 4096;

    /** Major 5 holds /dev/tty, /dev/console and /dev/ptmx: opening those again opens something else (devices.txt). */
    private static final int TTYAUX_MAJOR = 5;

    /** @param access {@link Fd#O_RDONLY} or {@link Fd#O_WRONLY} */
    static Unblocked of(Fd fd, int access) {
        Stat stat = Stat.of(fd);
        int type = stat.type();
        if (type == Stat.S_IFSOCK) {
            return new Unblocked(fd, true, true);
        }
        if ((fd.flags() & Fd.O_NONBLOCK) != 0) {
            return new Unblocked(fd, false, true);
        }
        boolean another = type == Stat.S_IFIFO || type == Stat.S_IFCHR && stat.deviceMajor() != TTYAUX_MAJOR;
        return another ? reopened(fd, access) : new Unblocked(fd, false, false);
    }

    private static Unblocked reopened(Fd fd, int access) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment path = arena.allocateFrom("/proc/self/fd/" + fd.number());
            int flags = access | Fd.O_NONBLOCK | Fd.O_NOCTTY | Fd.O_CLOEXEC;
            long number = Syscall.call(Syscall.OPENAT, Fd.CWD, path.address(), flags, 0);
            return number < 0 ? new Unblocked(fd, false, false) : new Unblocked(Fd.own((int) number), false, true);
        }
    }
}
