package hako.doorstep;

import hako.base.HakoException;
import java.nio.BufferOverflowException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * {@code u32 length, u8 type, payload}, little endian; {@code length} counts the payload alone.
 *
 * @param payload little endian, from its position to its limit
 */
record Frame(byte type, ByteBuffer payload) {
    static final int VERSION = 2;
    static final int HEADER = 5;

    /** The longest HELLO payload. */
    static final int MOST_HELLO = 1 << 20;

    /** The longest payload of what follows HELLO: that of INPUT. */
    static final int MOST_LATER = 32 * 1024 + Long.BYTES;

    /** The most bytes of one OUTPUT. */
    static final int MOST_OUTPUT = 256 * 1024;

    static final int MOST_TOKEN = 4000;

    static final byte HELLO = 1;
    static final byte SIGNAL = 2;
    static final byte WINCH = 3;
    static final byte WRITTEN = 4;
    static final byte INPUT = 5;
    static final byte EXIT = 16;
    static final byte TOKEN = 17;
    static final byte RAW = 18;
    static final byte ACK = 19;
    static final byte OUTPUT = 20;
    static final byte READ = 21;
    static final byte STAY = 22;

    private static final int NETWORK = 1;
    private static final int TERMINAL = 2;
    private static final int VIEW = 4;
    private static final int READ_ONLY = 8;
    private static final int COMMAND = 16;

    /** Of it so much is shown at most. */
    private static final int MOST_COMMAND = 4 << 10;

    /** The longest STAY; the door-step takes no longer frame than OUTPUT's. */
    static final int MOST_STAY = MOST_OUTPUT;

    private static final int LAST_SIGNAL = 64;

    static ByteBuffer ack() {
        return begin(ACK, 0).flip();
    }

    static ByteBuffer exit(int code) {
        return begin(EXIT, 4).putInt(code & 0xFF).flip();
    }

    static ByteBuffer raw(boolean on) {
        return begin(RAW, 1).put((byte) (on ? 1 : 0)).flip();
    }

    static ByteBuffer token(String token) {
        byte[] bytes = bytes(token);
        return begin(TOKEN, 4 + bytes.length).putInt(bytes.length).put(bytes).flip();
    }

    /** @param terminal comes beside this frame */
    static ByteBuffer stay(
            String token, List<String> command, @Nullable String network, @Nullable View view, boolean terminal) {
        byte[] bytes = bytes(token);
        int flags = (network == null ? 0 : NETWORK)
                | (terminal ? TERMINAL : 0)
                | (view == null ? 0 : flags(view))
                | (command.isEmpty() ? 0 : COMMAND);
        byte[] more = more(command, network, view);
        return begin(STAY, 5 + bytes.length + more.length)
                .put((byte) flags)
                .putInt(bytes.length)
                .put(bytes)
                .put(more)
                .flip();
    }

    private static int flags(View view) {
        return VIEW | (view.readOnly() ? READ_ONLY : 0);
    }

    private static byte[] more(List<String> command, @Nullable String network, @Nullable View view) {
        ByteBuffer more = ByteBuffer.allocate(MOST_STAY).order(ByteOrder.LITTLE_ENDIAN);
        try {
            if (network != null) {
                put(more, network);
            }
            if (!command.isEmpty()) {
                byte[] words = (String.join("\0", command) + "\0").getBytes(StandardCharsets.UTF_8);
                put(more, Arrays.copyOf(words, Math.min(words.length, MOST_COMMAND)));
            }
            if (view != null) {
                put(more, view);
            }
        } catch (BufferOverflowException e) {
            throw HakoException.user(
                    HakoException.Code.INVALID_ARGUMENT, "the paths of the mounts are over " + MOST_STAY + " bytes");
        }
        return Arrays.copyOf(more.array(), more.position());
    }

    private static void put(ByteBuffer buffer, View view) {
        put(buffer, view.root().toString());
        for (View.Bind bind : view.binds()) {
            buffer.put((byte) (bind.readOnly() ? 1 : 0));
            put(buffer, bind.source().toString());
            put(buffer, bind.destination());
        }
    }

    private static void put(ByteBuffer buffer, String text) {
        put(buffer, text.getBytes(StandardCharsets.UTF_8));
    }

    private static void put(ByteBuffer buffer, byte[] bytes) {
        buffer.putInt(bytes.length).put(bytes);
    }

    private static byte[] bytes(String token) {
        byte[] bytes = token.getBytes(StandardCharsets.UTF_8);
        if (bytes.length > MOST_TOKEN) {
            throw new IllegalArgumentException("token of " + bytes.length + " bytes");
        }
        return bytes;
    }

    static ByteBuffer output(int descriptor, byte[] bytes, long position) {
        if (bytes.length > MOST_OUTPUT) {
            throw new IllegalArgumentException("output of " + bytes.length + " bytes");
        }
        return begin(OUTPUT, 1 + Long.BYTES + bytes.length)
                .put((byte) descriptor)
                .putLong(position)
                .put(bytes)
                .flip();
    }

    static ByteBuffer read(long offset) {
        return begin(READ, Long.BYTES).putLong(offset).flip();
    }

    private static ByteBuffer begin(byte type, int length) {
        return ByteBuffer.allocate(HEADER + length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(length)
                .put(type);
    }

    /** Of a SIGNAL frame. */
    int signal() {
        expect(4);
        int number = payload.getInt();
        if (number < 1 || number > LAST_SIGNAL) {
            throw new ProtocolException("SIGNAL of signal " + number);
        }
        return number;
    }

    /** Of a WINCH frame. */
    Size size() {
        expect(4);
        return new Size(payload.getShort() & 0xFFFF, payload.getShort() & 0xFFFF);
    }

    /** Of a WRITTEN frame: 0 or an errno. */
    int written() {
        expect(4);
        return payload.getInt();
    }

    /** Of an INPUT frame. */
    byte[] input(long offset) {
        if (payload.remaining() < Long.BYTES || payload.getLong() != offset) {
            throw new ProtocolException("INPUT at an offset that was not asked for");
        }
        byte[] bytes = new byte[payload.remaining()];
        payload.get(bytes);
        return bytes;
    }

    private void expect(int length) {
        if (payload.remaining() != length) {
            throw new ProtocolException("frame " + type + " of " + payload.remaining() + " bytes");
        }
    }

    /** Of a terminal; both 0 where there is none. */
    record Size(int rows, int columns) {}
}
