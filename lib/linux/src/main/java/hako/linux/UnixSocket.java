package hako.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Unix stream sockets, with descriptors passed over them. Waiting is done in {@link Poller#shared}. Sockets are
 * blocking and close-on-exec (they may be handed to programs that expect the former), yet nothing here blocks in the
 * kernel. See {@code unix(7)}.
 */
public final class UnixSocket {
    private static final int AF_UNIX = 1;
    private static final int SOCK_STREAM = 1;
    private static final int BACKLOG = 128;
    private static final int SOL_SOCKET = 1;
    private static final int SO_PEERCRED = 17;
    private static final int F_SETFL = 4;
    private static final long FULL_BACKLOG_PAUSE_NANOS = 1_000_000;
    private static final int FULL_BACKLOG_TRIES = 2000;

    private UnixSocket() {}

    /**
     * Binds {@code path} with the permission bits {@code mode} and listens. A socket file left there is replaced: the
     * caller holds the lock that says its owner is dead.
     */
    public static Fd listen(Path path, int mode) {
        Fd socket = create(0);
        try (SocketAddress address = SocketAddress.of(path)) {
            address.removeLeftover();
            Syscall.check(
                    Syscall.call(Syscall.BIND, socket.number(), address.pointer(), SocketAddress.LENGTH),
                    "bind",
                    "bind " + path);
            // Nobody can connect before listen(): the mode holds from the first connection on.
            address.chmod(mode);
            Syscall.check(Syscall.call(Syscall.LISTEN, socket.number(), BACKLOG), "listen", "listen on " + path);
            return socket;
        } catch (RuntimeException e) {
            socket.close();
            throw e;
        }
    }

    /** The next connection, however long it takes. One thread accepts on a listener. */
    public static Fd accept(Fd listener) throws InterruptedException {
        return accept(listener, Poller.shared(), null);
    }

    /** The next connection; waits in {@code poller} for at most {@code timeout}. */
    public static Fd accept(Fd listener, Poller poller, @Nullable Duration timeout) throws InterruptedException {
        poller.awaitReadable(listener, timeout);
        return Fd.own((int) Syscall.check(
                listener.with(n -> Syscall.call(Syscall.ACCEPT4, n, 0, 0, Fd.O_CLOEXEC)),
                "accept4",
                "accept on " + listener));
    }

    /**
     * Connects; does not wait, except for room in the listener's backlog, up to 2 s.
     *
     * @throws LinuxException {@code ENOENT} or {@code ECONNREFUSED} when nobody listens
     */
    public static Fd connect(Path path) {
        Fd socket = create(Fd.O_NONBLOCK);
        try (SocketAddress address = SocketAddress.of(path)) {
            long result = -Errno.EAGAIN;
            for (int i = 0; result == -Errno.EAGAIN && i < FULL_BACKLOG_TRIES; i++) {
                if (i > 0) {
                    LockSupport.parkNanos(FULL_BACKLOG_PAUSE_NANOS);
                }
                result = Syscall.call(Syscall.CONNECT, socket.number(), address.pointer(), SocketAddress.LENGTH);
            }
            Syscall.check(result, "connect", "connect to " + path);
            Syscall.check(
                    Syscall.call(Syscall.FCNTL, socket.number(), F_SETFL, 0), "fcntl", "make " + socket + " block");
            return socket;
        } catch (RuntimeException e) {
            socket.close();
            throw e;
        }
    }

    /** Two sockets connected to each other. */
    public static Pair pair() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment two = arena.allocate(8);
            Syscall.check(
                    Syscall.call(Syscall.SOCKETPAIR, AF_UNIX, SOCK_STREAM | Fd.O_CLOEXEC, 0, two.address()),
                    "socketpair",
                    "create a socket pair");
            return new Pair(Fd.own(two.get(Syscall.INT, 0)), Fd.own(two.get(Syscall.INT, 4)));
        }
    }

    /** Both ends of a connection. */
    public record Pair(Fd left, Fd right) implements AutoCloseable {
        @Override
        public void close() {
            left.close();
            right.close();
        }
    }

    /**
     * What came in one {@code recvmsg}.
     *
     * @param count bytes; -1 when the peer has closed
     * @param fds the descriptors that came with the first byte; the receiver's to close
     */
    public record Received(int count, List<Fd> fds) {}

    /** Who is at the other end, as the kernel recorded when it connected. */
    public record Peer(int pid, int uid, int gid) {}

    /**
     * Waits for bytes and takes what is there, at most {@code into.remaining()}, advancing its position.
     *
     * @param maxFds more descriptors than this are a {@link LinuxException} {@code EMSGSIZE}, and are closed
     */
    public static Received receive(Fd socket, ByteBuffer into, int maxFds) throws InterruptedException {
        return receive(socket, into, maxFds, Poller.shared(), null);
    }

    /** As {@link #receive(Fd, ByteBuffer, int)}, waiting in {@code poller} for at most {@code timeout}. */
    public static Received receive(Fd socket, ByteBuffer into, int maxFds, Poller poller, @Nullable Duration timeout)
            throws InterruptedException {
        while (true) {
            Received received = SocketMessage.receive(socket, into, maxFds);
            if (received != null) {
                return received;
            }
            poller.awaitReadable(socket, timeout);
        }
    }

    /**
     * Sends all that remains in {@code bytes} (at least one), the descriptors with the first byte. They stay open here.
     */
    public static void send(Fd socket, ByteBuffer bytes, List<Fd> fds) throws InterruptedException {
        List<Fd> left = fds;
        do {
            if (SocketMessage.send(socket, bytes, left)) {
                left = List.of();
            } else {
                Poller.shared().awaitWritable(socket, null);
            }
        } while (bytes.hasRemaining());
    }

    /** {@code SO_PEERCRED}. */
    public static Peer peer(Fd socket) {
        try (Arena arena = Arena.ofConfined()) {
            // struct ucred { pid, uid, gid } at 0, its length at 12
            MemorySegment memory = arena.allocate(16, 4);
            memory.set(Syscall.INT, 12, 12);
            long at = memory.address();
            Syscall.check(
                    socket.with(n -> Syscall.call(Syscall.GETSOCKOPT, n, SOL_SOCKET, SO_PEERCRED, at, at + 12)),
                    "getsockopt",
                    "peer of " + socket);
            return new Peer(memory.get(Syscall.INT, 0), memory.get(Syscall.INT, 4), memory.get(Syscall.INT, 8));
        }
    }

    /** Tells the peer that no more comes; reading goes on. */
    public static void shutdownOutput(Fd socket) {
        Syscall.check(
                socket.with(n -> Syscall.call(Syscall.SHUTDOWN, n, 1)), "shutdown", "shut down output of " + socket);
    }

    private static Fd create(int flags) {
        return Fd.own((int) Syscall.check(
                Syscall.call(Syscall.SOCKET, AF_UNIX, SOCK_STREAM | Fd.O_CLOEXEC | flags, 0),
                "socket",
                "create a unix socket"));
    }
}
