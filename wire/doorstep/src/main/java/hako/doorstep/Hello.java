package hako.doorstep;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a door-step tells first. See {@code README.md}.
 *
 * @param terminals bit 0, 1, 2: standard input, output, error is a terminal
 * @param pid as the caller sees itself
 * @param written the position of the last output
 * @param input where the input read last begins
 * @param token empty for a new call
 * @param environment the first of entries with the same name
 */
record Hello(
        int terminals,
        int pid,
        Frame.Size size,
        long written,
        long input,
        String token,
        List<String> arguments,
        Map<String, String> environment) {
    static Hello decode(Frame frame) {
        ByteBuffer payload = frame.payload();
        if (frame.type() != Frame.HELLO) {
            throw new ProtocolException("frame " + frame.type() + " in the place of HELLO");
        }
        int version = u16(payload);
        if (version != Frame.VERSION) {
            throw new ProtocolException("this program speaks door-step version " + version
                    + " and the running hakod version " + Frame.VERSION + ": restart hakod");
        }
        Hello hello = new Hello(
                u16(payload),
                i32(payload),
                new Frame.Size(u16(payload), u16(payload)),
                i64(payload),
                i64(payload),
                strict(string(payload), "token"),
                arguments(payload),
                environment(payload));
        if (payload.hasRemaining()) {
            throw new ProtocolException("HELLO with " + payload.remaining() + " bytes too many");
        }
        return hello;
    }

    boolean isTerminal(int descriptor) {
        return (terminals >> descriptor & 1) != 0;
    }

    private static List<String> arguments(ByteBuffer payload) {
        List<String> arguments = new ArrayList<>();
        for (ByteBuffer argument : strings(payload)) {
            arguments.add(strict(argument, "argument " + arguments.size()));
        }
        if (arguments.isEmpty()) {
            throw new ProtocolException("HELLO without arguments");
        }
        return List.copyOf(arguments);
    }

    /** As {@code getenv(3)} finds them. A value that is not UTF-8 is somebody else's: it is no reason to refuse the call. */
    private static Map<String, String> environment(ByteBuffer payload) {
        Map<String, String> environment = new LinkedHashMap<>();
        for (ByteBuffer bytes : strings(payload)) {
            String entry = StandardCharsets.UTF_8.decode(bytes).toString();
            int equals = entry.indexOf('=', 1);
            if (equals > 0) {
                environment.putIfAbsent(entry.substring(0, equals), entry.substring(equals + 1));
            }
        }
        return Collections.unmodifiableMap(environment);
    }

    private static List<ByteBuffer> strings(ByteBuffer payload) {
        int count = i32(payload);
        // Each has a length of four bytes at least: no list longer than what has arrived.
        if (count < 0 || count > payload.remaining() / 4) {
            throw new ProtocolException(
                    "HELLO with " + Integer.toUnsignedString(count) + " strings in " + payload.remaining() + " bytes");
        }
        List<ByteBuffer> strings = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            strings.add(string(payload));
        }
        return strings;
    }

    private static ByteBuffer string(ByteBuffer payload) {
        int length = i32(payload);
        if (length < 0 || length > payload.remaining()) {
            throw cut();
        }
        ByteBuffer string = payload.slice(payload.position(), length);
        payload.position(payload.position() + length);
        return string;
    }

    private static String strict(ByteBuffer bytes, String what) {
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(bytes).toString();
        } catch (CharacterCodingException e) {
            throw new ProtocolException(what + " is not UTF-8");
        }
    }

    private static int u16(ByteBuffer payload) {
        if (payload.remaining() < 2) {
            throw cut();
        }
        return payload.getShort() & 0xFFFF;
    }

    private static int i32(ByteBuffer payload) {
        if (payload.remaining() < 4) {
            throw cut();
        }
        return payload.getInt();
    }

    private static long i64(ByteBuffer payload) {
        if (payload.remaining() < Long.BYTES) {
            throw cut();
        }
        return payload.getLong();
    }

    private static ProtocolException cut() {
        return new ProtocolException("HELLO that ends before its end");
    }
}
