package hako.sandbox;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** The head of one frame of an {@link OutputLog}, whose class comment draws it. */
record OutputFrame(int length, int stream, Instant at) {
    private static final long NANOS = 1_000_000_000L;

    static ByteBuffer encode(int stream, ByteBuffer bytes, Instant at) {
        return buffer(OutputLog.FRAME_HEADER + bytes.remaining())
                .putInt(bytes.remaining())
                .put((byte) stream)
                .putLong(at.getEpochSecond() * NANOS + at.getNano())
                .put(bytes)
                .flip();
    }

    /** Null at the end, or where what follows is no frame (a write cut short). */
    static @Nullable OutputFrame readHeader(FileChannel file, long at) throws IOException {
        ByteBuffer header = buffer(OutputLog.FRAME_HEADER);
        readFully(file, header, at);
        if (header.hasRemaining()) {
            return null;
        }
        header.flip();
        int length = header.getInt();
        int stream = header.get();
        long time = header.getLong();
        if (length <= 0 || length > OutputLog.MAX_FRAME || stream < 0 || stream > 1) {
            return null;
        }
        return new OutputFrame(length, stream, Instant.ofEpochSecond(time / NANOS, time % NANOS));
    }

    static void readFully(FileChannel file, ByteBuffer into, long at) throws IOException {
        long position = at;
        while (into.hasRemaining()) {
            int count = file.read(into, position);
            if (count < 0) {
                return;
            }
            position += count;
        }
    }

    static ByteBuffer buffer(int size) {
        return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
    }
}
