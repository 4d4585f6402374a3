package hako.linux;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** Attributes of a message by type: each u16 length with its 4-byte header, u16 type, value, padding to 4. */
final class NetlinkAttributes {
    /** Two high bits of the type are flags (include/uapi/linux/netlink.h, NLA_TYPE_MASK). */
    private static final int TYPE_MASK = 0x3FFF;

    private static final int HEADER = 4;

    private final Map<Integer, byte[]> values = new HashMap<>();

    NetlinkAttributes(byte[] bytes, int from) {
        ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder());
        int at = from;
        while (at + HEADER <= bytes.length) {
            int length = buffer.getShort(at) & 0xFFFF;
            if (length < HEADER || at + length > bytes.length) {
                return;
            }
            byte[] value = new byte[length - HEADER];
            buffer.get(at + HEADER, value);
            values.put(buffer.getShort(at + 2) & TYPE_MASK, value);
            at += NetlinkMessage.aligned(length);
        }
    }

    Optional<byte[]> bytes(int type) {
        return Optional.ofNullable(values.get(type));
    }

    /** Without its NUL; empty if it is not there. */
    String text(int type) {
        byte[] value = values.getOrDefault(type, new byte[0]);
        int end = 0;
        while (end < value.length && value[end] != 0) {
            end++;
        }
        return new String(value, 0, end, StandardCharsets.UTF_8);
    }

    /** 0 if it is not there. */
    int u32(int type) {
        byte[] value = values.get(type);
        return value == null || value.length < 4
                ? 0
                : ByteBuffer.wrap(value).order(ByteOrder.nativeOrder()).getInt();
    }

    Optional<NetlinkAttributes> nested(int type) {
        return bytes(type).map(value -> new NetlinkAttributes(value, 0));
    }

    static InetAddress address(byte[] bytes) {
        try {
            return InetAddress.getByAddress(bytes);
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException("an address of " + bytes.length + " bytes", e);
        }
    }
}
