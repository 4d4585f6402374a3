package hako.image;

import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Closes a stream that has brought nothing, or next to nothing, for a while, which ends the read that waits on it. One whose
 * progress is not told is closed when that while is over. A virtual thread of its own.
 */
final class StallGuard implements AutoCloseable {
    /** On average: who drips a byte a minute holds a download as well as who sends none. */
    private static final long MIN_BYTES_PER_SECOND = 1024;

    private final InputStream stream;
    private final Duration limit;
    private final Thread watcher;

    private final AtomicLong received = new AtomicLong();
    private volatile boolean stopped;

    StallGuard(InputStream stream, Duration limit) {
        this.stream = stream;
        this.limit = limit;
        this.watcher = Thread.ofVirtual().name("pull-stall-guard").start(this::watch);
    }

    void advanced(int bytes) {
        received.addAndGet(bytes);
    }

    /** Whether the stream was closed. */
    boolean hasStopped() {
        return stopped;
    }

    private void watch() {
        try {
            do {
                Thread.sleep(limit);
            } while (received.getAndSet(0) * 1000 >= MIN_BYTES_PER_SECOND * limit.toMillis());
            stopped = true;
            stream.close();
        } catch (InterruptedException e) {
            // the download has ended
        } catch (IOException e) {
            // closed is closed
        }
    }

    @Override
    public void close() {
        watcher.interrupt();
    }
}
