package hako.linux;

import hako.base.HakoException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Waits for descriptors to be ready. One platform thread sits in {@code epoll_wait}; whoever awaits is parked, so a
 * virtual thread frees its carrier. Registrations are one-shot and are taken out when nobody waits: a descriptor closed
 * elsewhere leaves nothing behind.
 */
public final class Poller implements AutoCloseable {
    // include/uapi/linux/eventpoll.h; POLLIN and POLLOUT have the same values.
    private static final int IN = 0x1;
    private static final int OUT = 0x4;
    private static final int ONESHOT = 1 << 30;
    private static final int CTL_ADD = 1;
    private static final int CTL_DEL = 2;
    private static final int CTL_MOD = 3;

    private static final int BATCH = 64;
    private static final long WAKE = 0;

    private final Fd epoll;
    private final Fd wake;
    private final Thread thread;
    private final AtomicLong tokens = new AtomicLong(WAKE);
    private final Map<Long, Watch> armed = new ConcurrentHashMap<>();
    private volatile boolean closed;

    public Poller(String name) {
        epoll = Fd.own((int) Syscall.check(
                Syscall.call(Syscall.EPOLL_CREATE1, Fd.O_CLOEXEC), "epoll_create1", "create an epoll instance"));
        wake = Fd.own((int) Syscall.check(
                Syscall.call(Syscall.EVENTFD2, 0, Fd.O_CLOEXEC | Fd.O_NONBLOCK), "eventfd2", "create an eventfd"));
        control(CTL_ADD, wake.number(), IN, WAKE);
        thread = Thread.ofPlatform().daemon().name(name).start(this::run);
    }

    /** The process's own poller, started when first asked for and never closed. */
    public static Poller shared() {
        return Shared.POLLER;
    }

    private static final class Shared {
        static final Poller POLLER = new Poller("poller");
    }

    /**
     * Parks the calling thread until a read would not block: data, end of file or an error is there. A pidfd is
     * readable when its process has ended. Regular files are always ready.
     *
     * @param timeout null: without end
     * @throws HakoException {@code TIMEOUT}
     * @throws LinuxException {@code EBADF} when the descriptor is closed meanwhile
     */
    public void awaitReadable(Fd fd, @Nullable Duration timeout) throws InterruptedException {
        await(fd, IN, timeout);
    }

    /** As {@link #awaitReadable}, until a write of at least one byte (a pipe: 4096 bytes) would not block. */
    public void awaitWritable(Fd fd, @Nullable Duration timeout) throws InterruptedException {
        await(fd, OUT, timeout);
    }

    /** Whether a read would not block now. Never waits. */
    public static boolean isReadable(Fd fd) {
        return fd.with(number -> ready(number, IN) ? 1 : 0) == 1;
    }

    /** Ends the thread; who still waits gets {@code EBADF}. */
    @Override
    public void close() {
        closed = true;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment one = arena.allocateFrom(Syscall.LONG, 1);
            wake.with(number -> Syscall.call(Syscall.WRITE, number, one.address(), 8));
        }
    }

    private void await(Fd fd, int interest, @Nullable Duration timeout) throws InterruptedException {
        long deadline = timeout == null ? 0 : System.nanoTime() + timeout.toNanos();
        int number = fd.enter();
        try {
            // Asked again after each wake-up: an event may be older than this wait.
            while (!ready(number, interest)) {
                awaitEvent(fd, interest, timeout, deadline);
            }
        } finally {
            fd.leave();
        }
    }

    private void awaitEvent(Fd fd, int interest, @Nullable Duration timeout, long deadline)
            throws InterruptedException {
        Watch watch = fd.watch(this);
        Waiter waiter = new Waiter(Thread.currentThread(), interest);
        watch.add(waiter);
        try {
            if (!fd.isOpen()) {
                throw fd.closed();
            }
            while (waiter.state == Waiter.WAITING) {
                if (Thread.interrupted()) {
                    throw new InterruptedException();
                }
                if (timeout == null) {
                    LockSupport.park(this);
                    continue;
                }
                long left = deadline - System.nanoTime();
                if (left <= 0) {
                    throw timedOut(fd, interest, timeout);
                }
                LockSupport.parkNanos(this, left);
            }
        } finally {
            watch.remove(waiter);
        }
        if (waiter.state == Waiter.CLOSED) {
            throw fd.closed();
        }
    }

    private static HakoException timedOut(Fd fd, int interest, Duration timeout) {
        return new HakoException(
                HakoException.Kind.EXTERNAL,
                HakoException.Code.TIMEOUT,
                "wait for " + fd + " to be " + (interest == IN ? "readable" : "writable") + ": not within "
                        + timeout.toMillis() + " ms");
    }

    private void run() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment events = arena.allocate((long) BATCH * Syscall.EPOLL_EVENT_SIZE);
            while (!closed) {
                long count = Syscall.check(
                        Syscall.call(Syscall.EPOLL_PWAIT, epoll.number(), events.address(), BATCH, -1, 0, 8),
                        "epoll_pwait",
                        "wait for events");
                for (int i = 0; i < count; i++) {
                    long at = (long) i * Syscall.EPOLL_EVENT_SIZE;
                    int what = events.get(Syscall.INT, at);
                    Watch watch = armed.get(events.get(Syscall.LONG, at + Syscall.EPOLL_EVENT_DATA));
                    if (watch != null) {
                        watch.fired(what);
                    }
                }
            }
        }
        armed.values().forEach(Watch::descriptorClosed);
        epoll.close();
        wake.close();
    }

    /** @return {@code -errno} or 0 */
    private long control(int operation, int number, int events, long token) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment event = arena.allocate(16);
            event.set(Syscall.INT, 0, events);
            event.set(Syscall.LONG, Syscall.EPOLL_EVENT_DATA, token);
            return epoll.with(fd -> Syscall.call(Syscall.EPOLL_CTL, fd, operation, number, event.address()));
        }
    }

    /** {@code ppoll} that does not wait. Hang-up and errors count as ready, and so does what poll cannot judge. */
    private static boolean ready(int number, int interest) {
        try (Arena arena = Arena.ofConfined()) {
            // struct pollfd { int fd; short events; short revents; } at 0, a zero struct timespec at 8
            MemorySegment memory = arena.allocate(24, 8);
            memory.set(Syscall.INT, 0, number);
            memory.set(Syscall.SHORT, 4, (short) interest);
            long address = memory.address();
            return Syscall.call(Syscall.PPOLL, address, 1, address + 8, 0, 0) != 0;
        }
    }

    /** One thread that waits once. */
    private static final class Waiter {
        static final int WAITING = 0;
        static final int READY = 1;
        static final int CLOSED = 2;

        final Thread thread;
        final int interest;
        volatile int state;

        Waiter(Thread thread, int interest) {
            this.thread = thread;
            this.interest = interest;
        }

        void wake(int outcome) {
            state = outcome;
            LockSupport.unpark(thread);
        }
    }

    /** All who wait for one descriptor. Its monitor guards its fields and their registration in epoll. */
    static final class Watch {
        private final Poller poller;
        private final int number;
        private final long token;
        private final List<Waiter> waiters = new ArrayList<>(2);
        private boolean registered;

        Watch(Poller poller, int number) {
            this.poller = poller;
            this.number = number;
            this.token = poller.tokens.incrementAndGet();
        }

        synchronized void add(Waiter waiter) {
            waiters.add(waiter);
            long result = register();
            if (result < 0) {
                throw new LinuxException("epoll_ctl", "watch descriptor " + number, (int) -result);
            }
        }

        synchronized void remove(Waiter waiter) {
            if (waiters.remove(waiter)) {
                register();
            }
        }

        synchronized void fired(int events) {
            boolean trouble = (events & ~(IN | OUT)) != 0;
            waiters.removeIf(waiter -> {
                boolean wake = trouble || (events & waiter.interest) != 0;
                if (wake) {
                    waiter.wake(Waiter.READY);
                }
                return wake;
            });
            register();
        }

        synchronized void descriptorClosed() {
            waiters.forEach(waiter -> waiter.wake(Waiter.CLOSED));
            waiters.clear();
            register();
        }

        /**
         * Makes epoll's registration what the waiters want. Those still waiting hold the descriptor open. What epoll
         * refuses wakes them all: regular files ({@code EPERM}) are always ready, anything else they meet again.
         *
         * @return {@code -errno} for a refusal other than of a regular file
         */
        private long register() {
            int interest = 0;
            for (Waiter waiter : waiters) {
                interest |= waiter.interest;
            }
            if (interest == 0) {
                if (registered) {
                    registered = false;
                    poller.armed.remove(token);
                    poller.control(CTL_DEL, number, 0, token);
                }
                return 0;
            }
            poller.armed.put(token, this);
            long result = poller.control(registered ? CTL_MOD : CTL_ADD, number, interest | ONESHOT, token);
            registered = result >= 0;
            if (result < 0) {
                poller.armed.remove(token);
                waiters.forEach(waiter -> waiter.wake(Waiter.READY));
                waiters.clear();
            }
            return result == -Errno.EPERM ? 0 : result;
        }
    }
}
