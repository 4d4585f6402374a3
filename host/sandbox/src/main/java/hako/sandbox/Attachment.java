package hako.sandbox;

import hako.base.HakoException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The caller in front of a process, the {@code run} or {@code exec} that shows its output and gives its input. There is
 * one at a time; a caller that comes back after the daemon was killed goes on where it was. {@link #copy} and
 * {@link #feed} have a thread each.
 */
public final class Attachment implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Attachment.class);
    private static final int CHUNK_BYTES = 32 * 1024;

    private final ContainerProcess process;
    private final CallerProgress progress;
    private final OutputReader reader;

    Attachment(ContainerProcess process, OutputLog output, CallerProgress progress) {
        this.process = process;
        this.progress = progress;
        try {
            this.reader = output.reader(progress.delivered(), true);
        } catch (IOException e) {
            throw new HakoException(
                    HakoException.Kind.RESOURCES, HakoException.Code.INTERNAL, "attach: " + e.getMessage(), e);
        }
    }

    /**
     * Copies output until the process has ended and all it wrote is copied.
     *
     * @throws IOException {@code out} or {@code err} is closed; the process goes on
     */
    public void copy(OutputStream out, OutputStream err) throws IOException, InterruptedException {
        for (OutputReader.Chunk chunk = reader.next(true); chunk != null; chunk = reader.next(true)) {
            OutputStream to = chunk.stream() == 0 ? out : err;
            to.write(chunk.bytes());
            to.flush();
            reader.advance(chunk);
            progress.delivered(chunk.end());
        }
    }

    /** Copies input until its end, then closes the process's. Returns when the process no longer reads, too. */
    public void feed(InputStream in) throws IOException {
        try {
            CallerProgress.Input pending = progress.input();
            process.write(pending.offset(), pending.bytes(), pending.bytes().length, false);
            long offset = pending.end();
            byte[] chunk = new byte[CHUNK_BYTES];
            for (int count = in.read(chunk); count >= 0; count = in.read(chunk)) {
                progress.input(offset, chunk, count);
                process.write(offset, chunk, count, false);
                offset += count;
            }
            process.write(offset, chunk, 0, true);
        } catch (HakoException e) {
            log.debug("input: {}", e.getMessage());
        }
    }

    @Override
    public void close() {
        try (reader;
                progress) {
            // both are closed
        } catch (IOException e) {
            log.debug("detach: {}", e.toString());
        }
    }
}
