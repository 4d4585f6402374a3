package hako.ttrpc;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Takes frames off a channel. What it holds is bounded by what arrived, not by what a header claims: memory for a
 * payload grows with its bytes. One thread: the connection's reader.
 */
final class FrameReader {
    private static final int BUFFER_BYTES = 4096;

    private final ReadableByteChannel channel;
    private final int maxPayloadBytes;
    private final ByteBuffer buffer = ByteBuffer.allocate(BUFFER_BYTES).flip();

    FrameReader(ReadableByteChannel channel, int maxPayloadBytes) {
        this.channel = channel;
        this.maxPayloadBytes = maxPayloadBytes;
    }

    /** The next frame, or null at an orderly end between two frames. */
    @Nullable
    Frame next() throws IOException {
        if (!fillHeader()) {
            return null;
        }
        int length = buffer.getInt();
        int streamId = buffer.getInt();
        int type = buffer.get() & 0xff;
        int flags = buffer.get() & 0xff;
        if (length < 0 || length > maxPayloadBytes) {
            throw new ProtocolException("frame of %d bytes on stream %d; at most %d are taken"
                    .formatted(Integer.toUnsignedLong(length), Integer.toUnsignedLong(streamId), maxPayloadBytes));
        }
        return new Frame(streamId, Frame.Type.of(type), flags, payload(length));
    }

    private boolean fillHeader() throws IOException {
        while (buffer.remaining() < Frame.HEADER_BYTES) {
            buffer.compact();
            int count = channel.read(buffer);
            buffer.flip();
            if (count < 0) {
                if (buffer.hasRemaining()) {
                    throw new EOFException("closed within a frame's header");
                }
                return false;
            }
        }
        return true;
    }

    private ByteString payload(int length) throws IOException {
        int buffered = Math.min(length, buffer.remaining());
        byte[] bytes = new byte[Math.min(length, Math.max(buffered, 1 << 16))];
        buffer.get(bytes, 0, buffered);
        int filled = buffered;
        while (filled < length) {
            if (filled == bytes.length) {
                bytes = Arrays.copyOf(bytes, Math.min(length, bytes.length * 2));
            }
            int count = channel.read(ByteBuffer.wrap(bytes, filled, bytes.length - filled));
            if (count < 0) {
                throw new EOFException("closed after %d of %d bytes of a frame".formatted(filled, length));
            }
            filled += count;
        }
        // Nobody else holds the array.
        return UnsafeByteOperations.unsafeWrap(bytes);
    }
}
