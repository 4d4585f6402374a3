package hako.doorstep;

import static java.nio.charset.StandardCharsets.UTF_8;

import hako.linux.Errno;
import hako.linux.Fd;
import hako.linux.Io;
import hako.linux.LinuxException;
import hako.linux.Poller;
import hako.linux.UnixSocket;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The native program's part, played by a test, which may play it badly. */
final class FakeDoorstep implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    /** A frame from the daemon. */
    record Order(int type, byte[] payload) {
        static final Order END = new Order(-1, new byte[0]);

        @Override
        public boolean equals(Object other) {
            return other instanceof Order order && type == order.type && Arrays.equals(payload, order.payload);
        }

        @Override
        public int hashCode() {
            return Arrays.hashCode(payload) + type;
        }

        @Override
        public String toString() {
            return type + " " + Arrays.toString(payload);
        }

        int code() {
            return ByteBuffer.wrap(payload).order(ByteOrder.LITTLE_ENDIAN).getInt();
        }
    }

    final Fd socket;
    final Io.Pipe input = Io.pipe();
    final Io.Pipe output = Io.pipe();
    final Io.Pipe errors = Io.pipe();
    /** What came beside the frames. */
    final List<Fd> beside = new ArrayList<>();

    private final Fd here = Fd.open(Path.of("."), Fd.O_PATH, 0);
    private final Fd top = Fd.open(Path.of("/"), Fd.O_PATH, 0);

    FakeDoorstep(Path path) {
        socket = UnixSocket.connect(path);
    }

    List<Fd> descriptors() {
        return List.of(here, top, input.reader(), output.writer(), errors.writer());
    }

    FakeDoorstep call(String... arguments) throws InterruptedException {
        return hello(Frames.hello("", List.of(arguments), List.of("A=1")));
    }

    FakeDoorstep hello(byte[] frame) throws InterruptedException {
        UnixSocket.send(socket, ByteBuffer.wrap(frame), descriptors());
        return this;
    }

    void send(byte... bytes) throws InterruptedException {
        UnixSocket.send(socket, ByteBuffer.wrap(bytes), List.of());
    }

    /** The next frame, or {@link Order#END}. */
    Order order() throws InterruptedException {
        byte[] header = take(5);
        if (header.length == 0) {
            return Order.END;
        }
        int length = ByteBuffer.wrap(header).order(ByteOrder.LITTLE_ENDIAN).getInt();
        return new Order(header[4], take(length));
    }

    /** All that comes before the end. */
    List<Order> orders() throws InterruptedException {
        List<Order> orders = new ArrayList<>();
        for (Order order = order(); order != Order.END; order = order()) {
            orders.add(order);
        }
        return orders;
    }

    /** What was written to standard output or error; the writer's ends elsewhere are closed. */
    String read(Io.Pipe pipe) throws IOException {
        pipe.writer().close();
        try (InputStream in = Io.inputStream(pipe.reader(), Poller.shared())) {
            return new String(in.readAllBytes(), UTF_8);
        }
    }

    /** Nothing at the end, which is also a reset: the daemon has left something unread. */
    private byte[] take(int count) throws InterruptedException {
        ByteBuffer bytes = ByteBuffer.allocate(count);
        try {
            while (bytes.hasRemaining()) {
                UnixSocket.Received part = UnixSocket.receive(socket, bytes, 1, Poller.shared(), PATIENCE);
                beside.addAll(part.fds());
                if (part.count() < 0) {
                    return new byte[0];
                }
            }
        } catch (LinuxException e) {
            if (e.errno() != Errno.ECONNRESET) {
                throw e;
            }
            return new byte[0];
        }
        return bytes.array();
    }

    @Override
    public void close() {
        beside.forEach(Fd::close);
        socket.close();
        input.close();
        output.close();
        errors.close();
        here.close();
        top.close();
    }
}
