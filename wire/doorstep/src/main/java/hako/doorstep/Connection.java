package hako.doorstep;

import hako.base.HakoException;
import hako.linux.Errno;
import hako.linux.Fd;
import hako.linux.LinuxException;
import hako.linux.Poller;
import hako.linux.UnixSocket;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One accepted socket: frames in, on one thread, and frames out, on any. */
final class Connection {
    private static final Logger log = LoggerFactory.getLogger(Connection.class);

    private final Fd socket;
    private final Poller poller;
    private final FrameBuffer arrived = new FrameBuffer();

    /** Descriptors that came and were not taken, and how many more may come. The receiving thread's. */
    private final List<Fd> received = new ArrayList<>();

    private int mostDescriptors = Descriptors.COUNT;

    /** Held while a frame is written, so that frames stay whole. */
    private final ReentrantLock sending = new ReentrantLock();

    private final AtomicBoolean closed = new AtomicBoolean();

    /** Takes over the socket. */
    Connection(Fd socket, Poller poller) {
        this.socket = socket;
        this.poller = poller;
    }

    /** As the kernel knows it; 0 where it is in a namespace we cannot see. */
    long peerPid() {
        return UnixSocket.peer(socket).pid();
    }

    /**
     * The next frame.
     *
     * @param deadline {@code System.nanoTime} by which it must be whole; null: without end
     * @throws ProtocolException for what is no frame, or longer than allowed
     * @throws HakoException where the peer is gone, or the connection closed, or the time over
     */
    Frame receive(int mostPayload, @Nullable Long deadline) throws InterruptedException {
        while (true) {
            Frame frame = arrived.next(mostPayload);
            if (frame != null) {
                return frame;
            }
            UnixSocket.Received part =
                    UnixSocket.receive(socket, arrived.room(), mostDescriptors, poller, left(deadline));
            received.addAll(part.fds());
            mostDescriptors -= part.fds().size();
            if (part.count() < 0) {
                throw new HakoException(
                        HakoException.Kind.EXTERNAL, HakoException.Code.UNAVAILABLE, "the caller is gone");
            }
        }
    }

    private static @Nullable Duration left(@Nullable Long deadline) {
        return deadline == null ? null : Duration.ofNanos(Math.max(0, deadline - System.nanoTime()));
    }

    /** What came beside the frames so far; the taker closes it. No more may come. */
    List<Fd> takeDescriptors() {
        mostDescriptors = 0;
        List<Fd> taken = List.copyOf(received);
        received.clear();
        return taken;
    }

    /** Does nothing where the peer is gone or the connection closed. */
    void send(ByteBuffer frame) {
        send(frame, List.of());
    }

    /** @param beside descriptors, which stay open here */
    void send(ByteBuffer frame, List<Fd> beside) {
        sending.lock();
        try {
            if (!closed.get()) {
                UnixSocket.send(socket, frame, beside);
            }
        } catch (LinuxException e) {
            if (e.errno() != Errno.EPIPE && e.errno() != Errno.ECONNRESET && e.errno() != Errno.EBADF) {
                throw e;
            }
            log.debug("send to a caller: {}", e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            sending.unlock();
        }
    }

    /** The peer is not to be talked to any more; it finds the connection broken. */
    void breakOff() {
        socket.close();
    }

    boolean isClosed() {
        return closed.get();
    }

    /** @return whether it was open until now */
    boolean close() {
        boolean first = closed.compareAndSet(false, true);
        socket.close();
        return first;
    }
}
