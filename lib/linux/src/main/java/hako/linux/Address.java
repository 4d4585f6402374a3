package hako.linux;

import java.net.InetAddress;

/** An address of a link. */
public record Address(int linkIndex, InetAddress address, int prefix) {
    private static final int IFA_ADDRESS = 1;
    private static final int IFA_LOCAL = 2;

    /** struct ifaddrmsg { u8 family, prefixlen, flags, scope; u32 index } */
    static Address parse(NetlinkMessage message) {
        NetlinkAttributes attributes = message.attributes(NetlinkMessage.ADDRESS_HEADER);
        // On a point-to-point link IFA_ADDRESS is the peer's.
        byte[] bytes = attributes
                .bytes(IFA_LOCAL)
                .or(() -> attributes.bytes(IFA_ADDRESS))
                .orElseThrow();
        return new Address(message.i32(4), NetlinkAttributes.address(bytes), message.u8(1));
    }

    /** The first address of its network. */
    public InetAddress network() {
        byte[] bytes = address.getAddress();
        for (int bit = prefix; bit < bytes.length * 8; bit++) {
            bytes[bit / 8] &= (byte) ~(0x80 >> bit % 8);
        }
        return NetlinkAttributes.address(bytes);
    }
}
