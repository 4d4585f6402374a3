package hako.sandbox;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** Reads an {@link OutputLog} from a position on. One thread reads; {@link #position} may be asked by any. */
public final class OutputReader implements AutoCloseable {
    /** Some bytes of one stream. {@code end} is the log position behind them. */
    public record Chunk(int stream, Instant at, byte[] bytes, long end) {}

    private final OutputLog log;
    private volatile long position;
    private long segment = -1;
    private @Nullable FileChannel file;

    OutputReader(OutputLog log, long position) {
        this.log = log;
        this.position = position;
    }

    /** All before it has been handled: the position passed to {@link #advance}. */
    public long position() {
        return position;
    }

    /**
     * The next chunk, or null when the log is closed and read to its end, or, not following, when there is no more yet.
     * The reader stays where it is until {@link #advance}.
     */
    public @Nullable Chunk next(boolean follow) throws IOException, InterruptedException {
        OutputLog.Span span = log.await(position, follow);
        if (span == null) {
            return null;
        }
        position = span.position();
        FileChannel channel = open(span);
        long at = span.position() - span.start() + OutputLog.SEGMENT_HEADER;
        OutputFrame frame = OutputFrame.readHeader(channel, at);
        if (frame == null) {
            throw new IOException("no frame at " + at + " of " + span.segment());
        }
        ByteBuffer bytes = ByteBuffer.allocate(frame.length());
        OutputFrame.readFully(channel, bytes, at + OutputLog.FRAME_HEADER);
        return new Chunk(
                frame.stream(), frame.at(), bytes.array(), span.position() + OutputLog.FRAME_HEADER + frame.length());
    }

    /** The chunk has been handled. */
    public void advance(Chunk chunk) {
        position = chunk.end();
    }

    private FileChannel open(OutputLog.Span span) throws IOException {
        FileChannel open = file;
        if (open == null || segment != span.start()) {
            if (open != null) {
                open.close();
            }
            open = FileChannel.open(span.segment(), StandardOpenOption.READ);
            file = open;
            segment = span.start();
        }
        return open;
    }

    @Override
    public void close() throws IOException {
        log.detach(this);
        if (file != null) {
            file.close();
        }
    }
}
