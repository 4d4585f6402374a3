package hako.doorstep;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** What a door-step sends, written by the README's drawing alone. */
final class Frames {
    /** What HELLO tells of an earlier daemon's streams. */
    static final long WRITTEN = 11;

    static final long INPUT = 22;

    private Frames() {}

    static byte[] frame(int type, byte[] payload) {
        return little(5 + payload.length)
                .putInt(payload.length)
                .put((byte) type)
                .put(payload)
                .array();
    }

    static byte[] hello(String token, List<String> arguments, List<String> environment) {
        return frame(1, helloPayload(2, token, arguments, environment));
    }

    static byte[] helloPayload(int version, String token, List<String> arguments, List<String> environment) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        // A terminal of 24 rows and 80 columns on standard input and error; the pid a process might have in a
        // namespace.
        bytes.writeBytes(little(28)
                .putShort((short) version)
                .putShort((short) 0b101)
                .putInt(7)
                .putShort((short) 24)
                .putShort((short) 80)
                .putLong(WRITTEN)
                .putLong(INPUT)
                .array());
        putString(bytes, token);
        putStrings(bytes, arguments);
        putStrings(bytes, environment);
        return bytes.toByteArray();
    }

    static byte[] signal(int number) {
        return frame(2, little(4).putInt(number).array());
    }

    static byte[] winch(int rows, int columns) {
        return frame(
                3, little(4).putShort((short) rows).putShort((short) columns).array());
    }

    static byte[] written(int errno) {
        return frame(4, little(4).putInt(errno).array());
    }

    static byte[] input(long offset, String bytes) {
        byte[] encoded = bytes.getBytes(StandardCharsets.UTF_8);
        return frame(5, little(8 + encoded.length).putLong(offset).put(encoded).array());
    }

    private static void putStrings(ByteArrayOutputStream bytes, List<String> strings) {
        bytes.writeBytes(little(4).putInt(strings.size()).array());
        strings.forEach(string -> putString(bytes, string));
    }

    private static void putString(ByteArrayOutputStream bytes, String string) {
        byte[] encoded = string.getBytes(StandardCharsets.UTF_8);
        bytes.writeBytes(little(4).putInt(encoded.length).array());
        bytes.writeBytes(encoded);
    }

    private static ByteBuffer little(int capacity) {
        return ByteBuffer.allocate(capacity).order(ByteOrder.LITTLE_ENDIAN);
    }
}
