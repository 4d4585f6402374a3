package hako.ttrpc;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;

/** Two connected unix sockets. */
record Pair(SocketChannel ours, SocketChannel theirs) implements AutoCloseable {
    static Pair open() throws IOException {
        Path directory = Files.createTempDirectory("hako-ttrpc");
        UnixDomainSocketAddress address = UnixDomainSocketAddress.of(directory.resolve("s"));
        try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            server.bind(address);
            SocketChannel ours = SocketChannel.open(address);
            return new Pair(ours, server.accept());
        } finally {
            Files.deleteIfExists(address.getPath());
            Files.delete(directory);
        }
    }

    /** As the hostile peer: these bytes and no others. */
    void send(byte... bytes) throws IOException {
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        while (buffer.hasRemaining()) {
            theirs.write(buffer);
        }
    }

    void send(Frame frame) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(frame.wireBytes());
        frame.putTo(buffer);
        send(buffer.array());
    }

    /** As the peer: the next request. */
    Frame receive() throws IOException {
        Frame frame = new FrameReader(theirs, Frame.MAX_PAYLOAD_BYTES).next();
        if (frame == null) {
            throw new IOException("closed");
        }
        return frame;
    }

    @Override
    public void close() throws IOException {
        ours.close();
        theirs.close();
    }
}
