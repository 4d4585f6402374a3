package hako.linux;

import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * An open file descriptor that is ours to close. All are close-on-exec. Threads: any.
 *
 * <p>A number is used again as soon as it is closed, so that a write racing a close could hit somebody else's file.
 * Calls of this package therefore {@link #enter} and {@link #leave}: {@link #close} refuses further use at once, wakes
 * who waits in a {@link Poller}, and the last to leave closes the number.
 */
public final class Fd implements AutoCloseable {
    /** {@code AT_FDCWD}: paths are relative to the working directory. */
    static final int CWD = -100;

    public static final int O_RDONLY = 0;
    public static final int O_WRONLY = 1;
    public static final int O_RDWR = 2;
    public static final int O_CREAT = 0x40;
    public static final int O_EXCL = 0x80;
    public static final int O_NOCTTY = 0x100;
    public static final int O_TRUNC = 0x200;
    public static final int O_APPEND = 0x400;
    public static final int O_NONBLOCK = 0x800;
    public static final int O_DIRECTORY = OpenFlags.DIRECTORY;
    public static final int O_NOFOLLOW = OpenFlags.NOFOLLOW;
    public static final int O_CLOEXEC = 0x80000;
    public static final int O_PATH = 0x200000;

    private static final int F_GETFL = 3;
    private static final int F_DUPFD_CLOEXEC = 1030;

    private static final int CLOSED = 0x4000_0000;

    private final int number;

    /** How many use it now, and {@link #CLOSED}. */
    private final AtomicInteger users = new AtomicInteger();

    private volatile Poller.@Nullable Watch watch;

    private Fd(int number) {
        this.number = number;
    }

    /** Takes over a descriptor this process owns, e.g. one inherited by number. */
    public static Fd own(int number) {
        if (number < 0) {
            throw new IllegalArgumentException("descriptor " + number);
        }
        return new Fd(number);
    }

    /** A second descriptor of the same open file, close-on-exec; {@code number} stays its owner's. */
    public static Fd dup(int number) {
        return dup(number, 3);
    }

    /** As {@link #dup(int)}, with a number not below {@code least}. */
    static Fd dup(int number, int least) {
        return new Fd((int) Syscall.check(
                Syscall.call(Syscall.FCNTL, number, F_DUPFD_CLOEXEC, least), "fcntl", "dup descriptor " + number));
    }

    /** {@code open(2)} with {@code O_CLOEXEC}. Opening a FIFO without {@link #O_NONBLOCK} may block: do not. */
    public static Fd open(Path path, int flags, int mode) {
        try (Arena arena = Arena.ofConfined()) {
            long address = arena.allocateFrom(path.toString()).address();
            return new Fd((int) Syscall.check(
                    Syscall.call(Syscall.OPENAT, CWD, address, flags | O_CLOEXEC, mode), "openat", "open " + path));
        }
    }

    /** The descriptor's number, for {@code /proc/self/fd} or to be passed on. */
    public int number() {
        if (!isOpen()) {
            throw closed();
        }
        return number;
    }

    public boolean isOpen() {
        return (users.get() & CLOSED) == 0;
    }

    /** {@code /proc/self/fd/N}: leads to the open file itself, whatever has become of its name. */
    public Path path() {
        return Path.of("/proc/self/fd/" + number());
    }

    public Fd dup() {
        int entered = enter();
        try {
            return dup(entered);
        } finally {
            leave();
        }
    }

    /** The open file's status flags ({@code F_GETFL}): access mode, {@link #O_NONBLOCK}, {@link #O_PATH}. */
    public int flags() {
        return (int) Syscall.check(with(fd -> Syscall.call(Syscall.FCNTL, fd, F_GETFL)), "fcntl", "flags of " + this);
    }

    /** Idempotent. */
    @Override
    public void close() {
        int before = users.getAndUpdate(n -> n | CLOSED);
        if ((before & CLOSED) != 0) {
            return;
        }
        if (before == 0) {
            closeNumber();
            return;
        }
        Poller.Watch waiting = watch;
        if (waiting != null) {
            waiting.descriptorClosed();
        }
    }

    /** The number, safe from reuse until {@link #leave}. */
    int enter() {
        int before = users.getAndUpdate(n -> (n & CLOSED) != 0 ? n : n + 1);
        if ((before & CLOSED) != 0) {
            throw closed();
        }
        return number;
    }

    void leave() {
        if (users.decrementAndGet() == CLOSED) {
            closeNumber();
        }
    }

    /** One call between {@link #enter} and {@link #leave}. */
    long with(Call call) {
        int entered = enter();
        try {
            return call.on(entered);
        } finally {
            leave();
        }
    }

    /** What can be done to a descriptor. */
    @FunctionalInterface
    interface Call {
        long on(int number);
    }

    /** Who waits for this descriptor. One poller serves a descriptor for its whole life. */
    Poller.Watch watch(Poller poller) {
        Poller.Watch known = watch;
        if (known == null) {
            synchronized (this) {
                known = watch;
                if (known == null) {
                    known = new Poller.Watch(poller, number);
                    watch = known;
                }
            }
        }
        return known;
    }

    LinuxException closed() {
        return new LinuxException("close", "use " + this + " after it was closed", Errno.EBADF);
    }

    private void closeNumber() {
        // The kernel has released the number whatever it answers: never a second time (close(2), "Dealing with EINTR").
        Syscall.once(Syscall.CLOSE, number, 0, 0, 0, 0, 0);
    }

    @Override
    public String toString() {
        return "descriptor " + number;
    }
}
