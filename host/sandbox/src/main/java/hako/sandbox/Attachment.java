package hako.sandbox;

import hako.base.HakoException;
import java.io.IOException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The caller in front of a process, the {@code run} or {@code exec} that shows its output and gives its input. There is
 * one at a time; a caller that comes back after the daemon was killed goes on where it was. {@link #copy} and
 * {@link #feed} have a thread each.
 */
public final class Attachment implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Attachment.class);
    private static final byte[] NOTHING = {};

    private final ContainerProcess process;
    private final ProcessCaller caller;
    private final OutputReader reader;

    Attachment(ContainerProcess process, OutputLog output, ProcessCaller caller) {
        this.process = process;
        this.caller = caller;
        this.reader = output.reader(caller.written(), true);
    }

    /**
     * Copies output until the process has ended and all it wrote is copied.
     *
     * @throws IOException the caller does not read any more; the process goes on
     */
    public void copy() throws IOException, InterruptedException {
        for (OutputReader.Chunk chunk = reader.next(true); chunk != null; chunk = reader.next(true)) {
            caller.write(chunk.stream(), chunk.bytes(), chunk.end());
            reader.advance(chunk);
        }
    }

    /**
     * Copies input until its end, then closes the process's. Returns when the process no longer reads, too. The guest drops
     * what it has already had.
     */
    public void feed() throws IOException, InterruptedException {
        try {
            long offset = caller.unread();
            byte[] chunk;
            do {
                chunk = caller.read(offset);
                process.write(offset, chunk, chunk.length == 0);
                offset += chunk.length;
            } while (chunk.length > 0);
        } catch (HakoException e) {
            log.debug("input: {}", e.getMessage());
        }
    }

    /** There will be no more input. Not while {@link #feed} runs. */
    public void endInput() {
        try {
            process.write(0, NOTHING, true);
        } catch (HakoException e) {
            log.debug("end of input: {}", e.getMessage());
        }
    }

    @Override
    public void close() {
        try {
            reader.close();
        } catch (IOException e) {
            log.debug("detach: {}", e.toString());
        }
    }
}
