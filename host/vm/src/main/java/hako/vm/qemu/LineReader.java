package hako.vm.qemu;

import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Takes lines off a stream whose writer may be hostile: a line longer than the bound ends the reading. One thread. */
final class LineReader {
    private static final int READ_BYTES = 4096;

    private final InputStream in;
    private final int maxLineBytes;
    private byte[] buffer = new byte[READ_BYTES];
    private int start;
    private int end;

    LineReader(InputStream in, int maxLineBytes) {
        this.in = in;
        this.maxLineBytes = maxLineBytes;
    }

    /** The next line, without its end; null when the stream has ended, whose last unended line is dropped. */
    byte @Nullable [] next() throws IOException {
        int scanned = start;
        while (true) {
            for (; scanned < end && scanned - start <= maxLineBytes; scanned++) {
                if (buffer[scanned] == '\n') {
                    byte[] line = Arrays.copyOfRange(buffer, start, scanned);
                    start = scanned + 1;
                    return line;
                }
            }
            if (scanned - start > maxLineBytes) {
                throw new IOException("a line of more than " + maxLineBytes + " bytes");
            }
            scanned -= start;
            makeRoom();
            int count = in.read(buffer, end, buffer.length - end);
            if (count < 0) {
                return null;
            }
            end += count;
        }
    }

    private void makeRoom() {
        int length = end - start;
        if (length == 0 && buffer.length > READ_BYTES) {
            buffer = new byte[READ_BYTES];
        } else if (length > buffer.length / 2) {
            buffer = Arrays.copyOfRange(buffer, start, start + buffer.length * 2);
        } else {
            System.arraycopy(buffer, start, buffer, 0, length);
        }
        start = 0;
        end = length;
    }
}
