package hako.sandbox;

import hako.base.HakoException;
import hako.linux.ProcessIdentity;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * How far the caller of a process (the {@code run} or {@code exec} in front of it) has got, in small files, so that
 * it can go on where it was when the daemon is killed in between: no output twice, no input lost.
 *
 * <pre>
 *   delivered: +0 u64 log position up to which the caller has the output
 *   caller:    its pid and start time, as text
 *   input:     +0 u64 offset of these bytes in the input   +8 the bytes, until the guest has them
 * </pre>
 *
 * Big endian. One thread per file.
 */
final class CallerProgress implements AutoCloseable {
    private static final int NUMBER_BYTES = Long.BYTES;

    private final FileChannel delivered;
    private final FileChannel input;

    private CallerProgress(FileChannel delivered, FileChannel input) {
        this.delivered = delivered;
        this.input = input;
    }

    static CallerProgress open(Path directory) {
        try {
            Files.createDirectories(directory);
            return new CallerProgress(open(directory, "delivered"), open(directory, "input"));
        } catch (IOException e) {
            throw new HakoException(
                    HakoException.Kind.RESOURCES, HakoException.Code.NO_SPACE, "open " + directory + ": " + e, e);
        }
    }

    private static FileChannel open(Path directory, String name) throws IOException {
        return FileChannel.open(
                directory.resolve(name), StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
    }

    /** Writes down who it is, so that the next daemon knows whether it can still come back. */
    static void caller(Path directory, long pid) {
        String text = ProcessIdentity.of(pid)
                .map(caller -> caller.pid() + " " + caller.startTime())
                .orElse("");
        try {
            Files.writeString(directory.resolve("caller"), text);
        } catch (IOException e) {
            throw new HakoException(
                    HakoException.Kind.RESOURCES, HakoException.Code.NO_SPACE, "write " + directory + ": " + e, e);
        }
    }

    /** Whether the caller of an earlier daemon is still there. */
    static boolean callerLives(Path directory) {
        try {
            String[] numbers = Files.readString(directory.resolve("caller")).split(" ");
            return numbers.length == 2
                    && new ProcessIdentity(Long.parseLong(numbers[0]), Long.parseLong(numbers[1])).isAlive();
        } catch (IOException | NumberFormatException e) {
            return false;
        }
    }

    /** Log position up to which output has been handed over. */
    long delivered() throws IOException {
        ByteBuffer number = ByteBuffer.allocate(NUMBER_BYTES);
        delivered.read(number, 0);
        return number.hasRemaining() ? 0 : number.flip().getLong();
    }

    void delivered(long position) throws IOException {
        delivered.write(ByteBuffer.allocate(NUMBER_BYTES).putLong(position).flip(), 0);
    }

    /** Input that was read from the caller and may not have reached the guest. */
    record Input(long offset, byte[] bytes) {
        long end() {
            return offset + bytes.length;
        }
    }

    Input input() throws IOException {
        ByteBuffer all = ByteBuffer.allocate(Math.clamp(input.size(), 0, 1 << 20));
        while (all.hasRemaining() && input.read(all, all.position()) > 0) {}
        all.flip();
        if (all.remaining() < NUMBER_BYTES) {
            return new Input(0, new byte[0]);
        }
        long offset = all.getLong();
        byte[] bytes = new byte[all.remaining()];
        all.get(bytes);
        return new Input(offset, bytes);
    }

    void input(long offset, byte[] bytes, int length) throws IOException {
        ByteBuffer all = ByteBuffer.allocate(NUMBER_BYTES + length)
                .putLong(offset)
                .put(bytes, 0, length)
                .flip();
        input.truncate(all.remaining());
        input.write(all, 0);
    }

    @Override
    public void close() throws IOException {
        try (delivered;
                input) {
            // both are closed
        }
    }
}
