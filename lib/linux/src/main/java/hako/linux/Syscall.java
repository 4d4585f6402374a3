package hako.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/**
 * {@code syscall(2)}: one native function, linked once, reaches the whole kernel. Results follow the kernel's own
 * convention: what is negative is {@code -errno}. A call interrupted by a signal is made again.
 *
 * <p>SAFETY: as {@link Libc} says; the kernel reads the low half of 32-bit arguments. The caller gives the size of the
 * memory it really allocated.
 */
final class Syscall {
    private static final boolean ARM = System.getProperty("os.arch").equals("aarch64");

    // Numbers: arch/x86/entry/syscalls/syscall_64.tbl; include/uapi/asm-generic/unistd.h (aarch64).
    static final int READ = number(0, 63);
    static final int WRITE = number(1, 64);
    static final int CLOSE = number(3, 57);
    static final int MMAP = number(9, 222);
    static final int MUNMAP = number(11, 215);
    static final int IOCTL = number(16, 29);
    static final int SOCKET = number(41, 198);
    static final int CONNECT = number(42, 203);
    static final int SENDTO = number(44, 206);
    static final int RECVFROM = number(45, 207);
    static final int SENDMSG = number(46, 211);
    static final int RECVMSG = number(47, 212);
    static final int SHUTDOWN = number(48, 210);
    static final int BIND = number(49, 200);
    static final int LISTEN = number(50, 201);
    static final int SOCKETPAIR = number(53, 199);
    static final int GETSOCKOPT = number(55, 209);
    static final int KILL = number(62, 129);
    static final int FCNTL = number(72, 25);
    static final int FLOCK = number(73, 32);
    static final int FTRUNCATE = number(77, 46);
    static final int FCHDIR = number(81, 50);
    static final int FCHMOD = number(91, 52);
    static final int FCHOWN = number(93, 55);
    static final int PRCTL = number(157, 167);
    static final int CHROOT = number(161, 51);
    static final int MOUNT = number(165, 40);
    static final int UMOUNT2 = number(166, 39);
    static final int FSETXATTR = number(190, 7);
    static final int EPOLL_CTL = number(233, 21);
    static final int WAITID = number(247, 95);
    static final int OPENAT = number(257, 56);
    static final int MKDIRAT = number(258, 34);
    static final int MKNODAT = number(259, 33);
    static final int FCHOWNAT = number(260, 54);
    static final int UNLINKAT = number(263, 35);
    static final int LINKAT = number(265, 37);
    static final int SYMLINKAT = number(266, 36);
    static final int FCHMODAT = number(268, 53);
    static final int PPOLL = number(271, 73);
    static final int UNSHARE = number(272, 97);
    static final int UTIMENSAT = number(280, 88);
    static final int EPOLL_PWAIT = number(281, 22);
    static final int FALLOCATE = number(285, 47);
    static final int ACCEPT4 = number(288, 242);
    static final int EVENTFD2 = number(290, 19);
    static final int EPOLL_CREATE1 = number(291, 20);
    static final int PIPE2 = number(293, 59);
    static final int SETNS = number(308, 268);
    static final int RENAMEAT2 = number(316, 276);
    static final int MEMFD_CREATE = number(319, 279);
    static final int BPF = number(321, 280);
    static final int STATX = number(332, 291);
    static final int PIDFD_SEND_SIGNAL = 424;
    static final int IO_URING_SETUP = 425;
    static final int OPEN_TREE = 428;
    static final int MOVE_MOUNT = 429;
    static final int PIDFD_OPEN = 434;
    static final int OPENAT2 = 437;
    static final int MOUNT_SETATTR = 442;

    /** {@code struct epoll_event} is packed on x86 only (include/uapi/linux/eventpoll.h). */
    static final int EPOLL_EVENT_SIZE = ARM ? 16 : 12;

    static final int EPOLL_EVENT_DATA = ARM ? 8 : 4;

    static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;
    static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED;
    static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED;
    static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;

    private static final MethodHandle SYSCALL = Libc.link("syscall");

    private Syscall() {}

    static long call(int number) {
        return call(number, 0, 0, 0, 0, 0, 0);
    }

    static long call(int number, long a) {
        return call(number, a, 0, 0, 0, 0, 0);
    }

    static long call(int number, long a, long b) {
        return call(number, a, b, 0, 0, 0, 0);
    }

    static long call(int number, long a, long b, long c) {
        return call(number, a, b, c, 0, 0, 0);
    }

    static long call(int number, long a, long b, long c, long d) {
        return call(number, a, b, c, d, 0, 0);
    }

    static long call(int number, long a, long b, long c, long d, long e) {
        return call(number, a, b, c, d, e, 0);
    }

    static long call(int number, long a, long b, long c, long d, long e, long f) {
        long result;
        do {
            result = once(number, a, b, c, d, e, f);
        } while (result == -Errno.EINTR);
        return result;
    }

    /** Not repeated when interrupted: for {@code close}, which has closed all the same. */
    static long once(int number, long a, long b, long c, long d, long e, long f) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = Libc.state(arena);
            long result = (long) SYSCALL.invokeExact(state, (long) number, a, b, c, d, e, f);
            return result == -1 ? -Libc.errno(state) : result;
        } catch (Throwable t) {
            throw Libc.unexpected(t);
        }
    }

    /** {@code result}, or the failure it stands for, as {@code what: text (ENAME)}. */
    static long check(long result, String call, String what) {
        if (result < 0) {
            throw new LinuxException(call, what, (int) -result);
        }
        return result;
    }

    private static int number(int x86, int arm) {
        return ARM ? arm : x86;
    }
}
