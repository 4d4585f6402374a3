package hako.ttrpc;

import com.google.protobuf.ByteString;
import java.nio.ByteBuffer;

/**
 * One message on the wire, as containerd/ttrpc's {@code PROTOCOL.md} and {@code channel.go} have it. Everything is
 * big-endian.
 *
 * <pre>
 *  offset 0        4           8      9       10
 *         +--------+-----------+------+-------+-----------------+
 *         | length | stream id | type | flags | payload         |
 *         | u32    | u32       | u8   | u8    | length bytes    |
 *         +--------+-----------+------+-------+-----------------+
 * </pre>
 *
 * {@code length} counts the payload alone. Streams that a client opens have odd ids, which rise.
 */
record Frame(int streamId, Type type, int flags, ByteString payload) {
    /** Bytes before the payload. */
    static final int HEADER_BYTES = 10;

    /** The largest payload that ttrpc allows: {@code messageLengthMax} in {@code channel.go}. */
    static final int MAX_PAYLOAD_BYTES = 4 << 20;

    /** "Remote open": the sender will send data on this stream. Streams are not spoken here. */
    static final int FLAG_REMOTE_OPEN = 0x02;

    enum Type {
        REQUEST(1),
        RESPONSE(2),
        DATA(3);

        private final int number;

        Type(int number) {
            this.number = number;
        }

        static Type of(int number) throws ProtocolException {
            return switch (number) {
                case 1 -> REQUEST;
                case 2 -> RESPONSE;
                case 3 -> DATA;
                default -> throw new ProtocolException("frame of unknown type " + number);
            };
        }
    }

    static Frame request(int streamId, ByteString payload) {
        return new Frame(streamId, Type.REQUEST, 0, payload);
    }

    static Frame response(int streamId, ByteString payload) {
        return new Frame(streamId, Type.RESPONSE, 0, payload);
    }

    int wireBytes() {
        return HEADER_BYTES + payload.size();
    }

    void putTo(ByteBuffer buffer) {
        buffer.putInt(payload.size()).putInt(streamId).put((byte) type.number).put((byte) flags);
        payload.copyTo(buffer);
    }
}
