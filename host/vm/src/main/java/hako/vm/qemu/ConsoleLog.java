package hako.vm.qemu;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * The guest's console as far as it was read: a file that holds the last of it. The guest writes into a ring in QEMU's
 * memory ({@code -chardev ringbuf}), which costs nothing when a hostile guest floods it and outlives this daemon; reading takes
 * bytes out of the ring, so what was read is kept here. Threads: one at a time.
 */
final class ConsoleLog {
    /** The ring's size; a power of two. */
    static final int RING_BYTES = 64 << 10;

    private static final int MAX_FILE_BYTES = 256 << 10;

    private final Path file;

    ConsoleLog(Path file) {
        this.file = file;
    }

    /** Adds what was taken out of the ring. A file grown past its bound starts again with its own end. */
    synchronized void append(byte[] bytes) throws IOException {
        if (bytes.length == 0) {
            return;
        }
        if (Files.exists(file) && Files.size(file) + bytes.length > MAX_FILE_BYTES) {
            byte[] end = end(RING_BYTES);
            Files.write(file, end);
        }
        Files.write(file, bytes, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }

    /** At most this many of the last bytes, printable. */
    synchronized String tail(int maxBytes) {
        try {
            return printable(new String(end(maxBytes), StandardCharsets.UTF_8));
        } catch (IOException e) {
            return "";
        }
    }

    private byte[] end(int maxBytes) throws IOException {
        if (!Files.exists(file)) {
            return new byte[0];
        }
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            long from = Math.max(0, channel.size() - maxBytes);
            ByteBuffer buffer = ByteBuffer.allocate((int) (channel.size() - from));
            while (buffer.hasRemaining()) {
                if (channel.read(buffer, from + buffer.position()) < 0) {
                    break;
                }
            }
            byte[] bytes = new byte[buffer.position()];
            buffer.flip().get(bytes);
            return bytes;
        }
    }

    /** Printable characters and newlines only: nothing in it can steer a terminal, or have it show another order than this. */
    static String printable(String text) {
        StringBuilder clean = new StringBuilder(text.length());
        text.codePoints().filter(c -> c == '\n' || c == '\t' || isPrintable(c)).forEach(clean::appendCodePoint);
        return clean.toString();
    }

    private static boolean isPrintable(int c) {
        return switch (Character.getType(c)) {
            case Character.CONTROL,
                    Character.FORMAT,
                    Character.SURROGATE,
                    Character.LINE_SEPARATOR,
                    Character.PARAGRAPH_SEPARATOR -> false;
            default -> c != 0xFFFD;
        };
    }
}
