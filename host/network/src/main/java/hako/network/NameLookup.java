package hako.network;

import static java.util.concurrent.CompletableFuture.delayedExecutor;
import static java.util.concurrent.TimeUnit.MILLISECONDS;

import hako.linux.Fd;
import hako.linux.NetworkNamespace;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.DatagramPacket;
import java.net.Inet4Address;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.CompletableFuture;

/**
 * One query of a name, put to a server in a network namespace by a socket of its own. Messages are as RFC 1035 has them, and
 * not looked into. Threads: any, which wait.
 *
 * @param server an address of IPv4
 */
public record NameLookup(Fd namespace, String server, Duration timeout) {
    private static final int PORT = 53;

    /** More than any server sends: what is longer goes by TCP. */
    private static final int MOST_BYTES = 16 << 10;

    /** @throws IOException there is none, or no answer in time */
    public byte[] byDatagram(byte[] query) throws IOException {
        try (DatagramChannel channel =
                NetworkNamespace.run(namespace, () -> DatagramChannel.open(StandardProtocolFamily.INET))) {
            channel.connect(address());
            channel.write(ByteBuffer.wrap(query));
            DatagramPacket answer = new DatagramPacket(new byte[MOST_BYTES], MOST_BYTES);
            channel.socket().setSoTimeout((int) timeout.toMillis());
            channel.socket().receive(answer);
            return Arrays.copyOf(answer.getData(), answer.getLength());
        }
    }

    /** @throws IOException there is none, or no answer in time, all of it */
    public byte[] byStream(byte[] query) throws IOException {
        try (SocketChannel channel =
                NetworkNamespace.run(namespace, () -> SocketChannel.open(StandardProtocolFamily.INET))) {
            CompletableFuture<Void> tooLate =
                    CompletableFuture.runAsync(() -> close(channel), delayedExecutor(timeout.toMillis(), MILLISECONDS));
            try {
                channel.connect(address());
                ByteBuffer message = ByteBuffer.allocate(2 + query.length);
                message.putShort((short) query.length).put(query).flip();
                while (message.hasRemaining()) {
                    channel.write(message);
                }
                DataInputStream in = new DataInputStream(Channels.newInputStream(channel));
                return in.readNBytes(in.readUnsignedShort());
            } finally {
                tooLate.cancel(false);
            }
        }
    }

    /** Ends whatever is waited for on it. */
    private static void close(SocketChannel channel) {
        try {
            channel.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private InetSocketAddress address() {
        return new InetSocketAddress(Inet4Address.ofLiteral(server), PORT);
    }
}
