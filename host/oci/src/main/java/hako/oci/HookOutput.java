package hako.oci;

import hako.linux.Fd;
import hako.linux.Io;
import hako.linux.Poller;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a hook writes: the beginning is kept, and all of it is read, so that the hook is not held up. A virtual thread reads;
 * belongs to who runs the hook.
 */
final class HookOutput implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(HookOutput.class);
    private static final int MOST_KEPT = 2000;

    /** For the rest, when the hook has ended; what it left running may have the pipe for ever. */
    private static final Duration PATIENCE = Duration.ofSeconds(1);

    private final Io.Pipe pipe = Io.pipe();
    /** Guarded by itself. */
    private final ByteArrayOutputStream kept = new ByteArrayOutputStream();

    private final Thread reader = Thread.ofVirtual().name("hook-output").start(this::read);

    /** The end for the hook. */
    Fd writer() {
        return pipe.writer();
    }

    private void read() {
        byte[] buffer = new byte[4096];
        try (InputStream in = Io.inputStream(pipe.reader(), Poller.shared())) {
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                synchronized (kept) {
                    kept.write(buffer, 0, Math.min(n, MOST_KEPT - kept.size()));
                }
            }
        } catch (IOException e) {
            log.debug("read what a hook writes: {}", e.getMessage());
        }
    }

    /** The beginning of it; the hook has ended. */
    String text() throws InterruptedException {
        pipe.writer().close();
        reader.join(PATIENCE);
        synchronized (kept) {
            return kept.toString(StandardCharsets.UTF_8).strip();
        }
    }

    @Override
    public void close() {
        pipe.close();
    }
}
