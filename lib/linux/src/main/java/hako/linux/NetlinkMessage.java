package hako.linux;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.function.Consumer;

/**
 * One netlink message, built or received: a type, and a body of a fixed header followed by {@link NetlinkAttributes}.
 * The 16 bytes in front are {@link NetlinkSocket}'s.
 */
final class NetlinkMessage {
    /** Sizes of struct ifinfomsg, ifaddrmsg, rtmsg (include/uapi/linux/rtnetlink.h, if_addr.h). */
    static final int LINK_HEADER = 16;

    static final int ADDRESS_HEADER = 8;
    static final int ROUTE_HEADER = 12;

    private static final int ATTRIBUTE_HEADER = 4;
    private static final short NLA_F_NESTED = (short) 0x8000;
    private static final int LARGEST_REQUEST = 1024;

    private final int type;
    private final ByteBuffer body;

    private NetlinkMessage(int type, ByteBuffer body) {
        this.type = type;
        this.body = body.order(ByteOrder.nativeOrder());
    }

    static NetlinkMessage received(int type, byte[] body) {
        return new NetlinkMessage(type, ByteBuffer.wrap(body).position(body.length));
    }

    /** A request about a link; index 0: named by attribute, or all. */
    static NetlinkMessage link(int type, int index) {
        return request(type).linkHeader(index, 0, 0);
    }

    static NetlinkMessage address(int type, int family, int prefix, int index) {
        NetlinkMessage message = request(type);
        message.body
                .put((byte) family)
                .put((byte) prefix)
                .put((byte) 0)
                .put((byte) 0)
                .putInt(index);
        return message;
    }

    static NetlinkMessage route(int type, int family, int prefix, byte protocol, byte scope, byte kind) {
        NetlinkMessage message = request(type);
        message.body.put((byte) family).put((byte) prefix).put((byte) 0).put((byte) 0);
        message.body.put((byte) 254).put(protocol).put(scope).put(kind).putInt(0);
        return message;
    }

    /** struct tcmsg { u8 family, pad; u16 pad; i32 ifindex; u32 handle, parent, info } */
    static NetlinkMessage traffic(int type, int index, int handle, int parent, int info) {
        NetlinkMessage message = request(type);
        message.body.putInt(0).putInt(index).putInt(handle).putInt(parent).putInt(info);
        return message;
    }

    /** struct nfgenmsg { u8 family, version; be16 resource } (include/uapi/linux/netfilter/nfnetlink.h) */
    static NetlinkMessage netfilter(int type, int family) {
        NetlinkMessage message = request(type);
        message.body.put((byte) family).put((byte) 0).putShort((short) 0);
        return message;
    }

    private static NetlinkMessage request(int type) {
        return new NetlinkMessage(type, ByteBuffer.allocate(LARGEST_REQUEST));
    }

    NetlinkMessage linkHeader(int index, int flags, int change) {
        body.putInt(0).putInt(index).putInt(flags).putInt(change);
        return this;
    }

    /** Overwrites the flags of a {@link #link} request. */
    void linkFlags(int flags, int change) {
        body.putInt(8, flags).putInt(12, change);
    }

    NetlinkMessage bytes(int attribute, byte[] value) {
        body.putShort((short) (ATTRIBUTE_HEADER + value.length))
                .putShort((short) attribute)
                .put(value);
        pad();
        return this;
    }

    NetlinkMessage u32(int attribute, int value) {
        body.putShort((short) 8).putShort((short) attribute).putInt(value);
        return this;
    }

    NetlinkMessage text(int attribute, String value) {
        byte[] text = value.getBytes(StandardCharsets.UTF_8);
        return bytes(attribute, Arrays.copyOf(text, text.length + 1));
    }

    NetlinkMessage nest(int attribute, Consumer<NetlinkMessage> content) {
        int start = body.position();
        body.putShort((short) 0).putShort((short) (attribute | NLA_F_NESTED));
        content.accept(this);
        body.putShort(start, (short) (body.position() - start));
        return this;
    }

    int type() {
        return type;
    }

    int u8(int offset) {
        return body.get(offset) & 0xFF;
    }

    int i32(int offset) {
        return body.getInt(offset);
    }

    byte[] body() {
        return Arrays.copyOf(body.array(), body.position());
    }

    NetlinkAttributes attributes(int headerSize) {
        return new NetlinkAttributes(body(), headerSize);
    }

    static int aligned(int length) {
        return length + 3 & ~3;
    }

    private void pad() {
        while ((body.position() & 3) != 0) {
            body.put((byte) 0);
        }
    }
}
