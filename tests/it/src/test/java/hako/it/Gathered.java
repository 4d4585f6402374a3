package hako.it;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

/** What a process writes to one of its streams, read as it comes by a virtual thread of its own. */
final class Gathered {
    private static final int CHUNK_BYTES = 64 * 1024;

    /** Guarded by this. */
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    /** Guarded by this. */
    private boolean ended;

    private Gathered() {}

    static Gathered of(InputStream stream, String name) {
        Gathered gathered = new Gathered();
        // A read of a pipe blocks: enough of them would leave no carrier for virtual threads.
        Thread.ofPlatform().daemon().name(name).start(() -> gathered.read(stream));
        return gathered;
    }

    private void read(InputStream stream) {
        byte[] chunk = new byte[CHUNK_BYTES];
        try (stream) {
            for (int count = stream.read(chunk); count >= 0; count = stream.read(chunk)) {
                append(chunk, count);
            }
        } catch (IOException e) {
            // closed with its process: the same as the end
        } finally {
            end();
        }
    }

    private synchronized void append(byte[] chunk, int count) {
        bytes.write(chunk, 0, count);
        notifyAll();
    }

    private synchronized void end() {
        ended = true;
        notifyAll();
    }

    synchronized byte[] bytes() {
        return bytes.toByteArray();
    }

    synchronized int size() {
        return bytes.size();
    }

    String text() {
        return new String(bytes(), StandardCharsets.UTF_8);
    }

    /** Waits until the text is there. */
    void await(String text, Duration patience) throws InterruptedException {
        await("the output \"" + text + "\"", patience, () -> text().contains(text));
    }

    void awaitEnd(Duration patience) throws InterruptedException {
        await("the end of the output", patience, () -> ended);
    }

    private synchronized void await(String what, Duration patience, java.util.function.BooleanSupplier fact)
            throws InterruptedException {
        long deadline = System.nanoTime() + patience.toNanos();
        while (!fact.getAsBoolean()) {
            long left = (deadline - System.nanoTime()) / 1_000_000;
            if (left <= 0) {
                throw new AssertionError("waited %s for %s; it is: %s".formatted(patience, what, text()));
            }
            if (ended && !fact.getAsBoolean()) {
                throw new AssertionError("waited for %s, but the output ended: %s".formatted(what, text()));
            }
            wait(left);
        }
    }
}
