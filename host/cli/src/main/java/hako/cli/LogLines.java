package hako.cli;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;

/**
 * Output on its way to who reads the log, line by line: counted, the first ones left out, each with its time if wanted.
 * The bytes of a line are not touched. One thread.
 */
final class LogLines {
    /** As Docker: nine digits always, so that lines stand below each other. */
    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSSSSSSSS'Z' ").withZone(ZoneOffset.UTC);

    private final OutputStream[] streams;
    private final boolean timestamps;
    private final long skipped;
    /** By stream: a line has begun and not ended. */
    private final boolean[] begun = new boolean[2];

    /** By stream: the line that has begun is left out. */
    private final boolean[] skipping = new boolean[2];

    private long lines;

    /** @param skipped so many lines are left out */
    LogLines(OutputStream out, OutputStream err, boolean timestamps, long skipped) {
        this.streams = new OutputStream[] {out, err};
        this.timestamps = timestamps;
        this.skipped = skipped;
    }

    /** Lines begun so far, of both streams. */
    long lines() {
        return lines;
    }

    void write(int stream, Instant at, byte[] bytes) throws Unread {
        ByteArrayOutputStream ready = new ByteArrayOutputStream(bytes.length + 64);
        int start = 0;
        while (start < bytes.length) {
            if (!begun[stream]) {
                begin(stream, at, ready);
            }
            int end = start;
            while (end < bytes.length && bytes[end] != '\n') {
                end++;
            }
            boolean whole = end < bytes.length;
            int next = whole ? end + 1 : end;
            if (!skipping[stream]) {
                ready.write(bytes, start, next - start);
            }
            begun[stream] = !whole;
            start = next;
        }
        if (ready.size() > 0) {
            send(streams[stream], ready.toByteArray());
        }
    }

    /** Whoever was to read does not any more. */
    static final class Unread extends IOException {
        private static final long serialVersionUID = 1;

        Unread(IOException cause) {
            super(cause.getMessage(), cause);
        }
    }

    private static void send(OutputStream to, byte[] bytes) throws Unread {
        try {
            to.write(bytes);
            to.flush();
        } catch (IOException e) {
            throw new Unread(e);
        }
    }

    private void begin(int stream, Instant at, ByteArrayOutputStream ready) {
        begun[stream] = true;
        skipping[stream] = lines < skipped;
        lines++;
        if (timestamps && !skipping[stream]) {
            ready.writeBytes(TIME.format(at).getBytes(StandardCharsets.US_ASCII));
        }
    }
}
