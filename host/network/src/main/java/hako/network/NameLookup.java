package hako.network;

import hako.linux.Fd;
import hako.linux.NetworkNamespace;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.Inet4Address;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.StandardProtocolFamily;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Arrays;

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

    private static final int MOST_BYTES_OF_A_STREAM = 0xFFFF;

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

    /** @throws IOException there is none, or no answer in time */
    public byte[] byStream(byte[] query) throws IOException {
        try (SocketChannel channel =
                NetworkNamespace.run(namespace, () -> SocketChannel.open(StandardProtocolFamily.INET))) {
            Socket socket = channel.socket();
            socket.connect(address(), (int) timeout.toMillis());
            socket.setSoTimeout((int) timeout.toMillis());
            ByteBuffer message = ByteBuffer.allocate(2 + query.length);
            channel.write(message.putShort((short) query.length).put(query).flip());
            DataInputStream in = new DataInputStream(socket.getInputStream());
            return in.readNBytes(Math.min(in.readUnsignedShort(), MOST_BYTES_OF_A_STREAM));
        }
    }

    private InetSocketAddress address() {
        return new InetSocketAddress(Inet4Address.ofLiteral(server), PORT);
    }
}
