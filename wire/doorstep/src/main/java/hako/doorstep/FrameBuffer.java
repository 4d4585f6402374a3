package hako.doorstep;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/**
 * Cuts what arrives into frames. It grows with what has arrived, never with what a length promises. One thread.
 */
final class FrameBuffer {
    private static final int SMALL = 4096;

    /** From 0 to its position: what has arrived and is not cut yet. */
    private ByteBuffer buffer = allocate(SMALL);

    /** Where to put what arrives; has room. */
    ByteBuffer room() {
        if (!buffer.hasRemaining()) {
            buffer = allocate(buffer.capacity() * 2).put(buffer.flip());
        }
        return buffer;
    }

    /**
     * The next frame, if all of it has arrived.
     *
     * @param mostPayload longer ones are refused as soon as their header is there
     */
    @Nullable
    Frame next(int mostPayload) {
        int arrived = buffer.position();
        if (arrived < Frame.HEADER) {
            return null;
        }
        int length = buffer.getInt(0);
        if (length < 0 || length > mostPayload) {
            throw new ProtocolException("frame of " + Integer.toUnsignedString(length) + " bytes, over " + mostPayload);
        }
        int end = Frame.HEADER + length;
        if (arrived < end) {
            return null;
        }
        byte[] payload = new byte[length];
        buffer.get(Frame.HEADER, payload);
        Frame frame = new Frame(buffer.get(4), ByteBuffer.wrap(payload).order(ByteOrder.LITTLE_ENDIAN));
        drop(end);
        return frame;
    }

    int capacity() {
        return buffer.capacity();
    }

    /** Takes the frame out, and gives memory back that only it needed. */
    private void drop(int end) {
        ByteBuffer rest = buffer.flip().position(end);
        buffer = rest.capacity() > SMALL && rest.remaining() < SMALL
                ? allocate(SMALL).put(rest)
                : rest.compact();
    }

    private static ByteBuffer allocate(int capacity) {
        return ByteBuffer.allocate(capacity).order(ByteOrder.LITTLE_ENDIAN);
    }
}
