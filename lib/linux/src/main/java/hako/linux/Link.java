package hako.linux;

import java.util.Optional;

/**
 * A network interface.
 *
 * @param kind {@code bridge}, {@code veth}, {@code tun}; empty for hardware and loopback
 * @param masterIndex of the bridge it is a port of; 0 for none
 * @param alias free text the kernel keeps with it, up to 255 bytes; empty for none
 */
public record Link(
        int index,
        String name,
        String kind,
        Optional<MacAddress> mac,
        int mtu,
        boolean up,
        int masterIndex,
        String alias) {
    // include/uapi/linux/if_link.h
    static final int IFLA_ADDRESS = 1;
    static final int IFLA_IFNAME = 3;
    static final int IFLA_MTU = 4;
    static final int IFLA_MASTER = 10;
    static final int IFLA_LINKINFO = 18;
    static final int IFLA_IFALIAS = 20;
    static final int IFLA_NET_NS_FD = 28;
    static final int IFLA_INFO_KIND = 1;
    static final int IFLA_INFO_DATA = 2;
    static final int IFLA_INFO_SLAVE_KIND = 4;
    static final int IFLA_INFO_SLAVE_DATA = 5;
    static final int IFLA_BRPORT_MODE = 4;

    private static final int ETHERNET_ADDRESS = 6;

    /** struct ifinfomsg { u8 family, pad; u16 type; i32 index; u32 flags, change } */
    static Link parse(NetlinkMessage message) {
        NetlinkAttributes attributes = message.attributes(NetlinkMessage.LINK_HEADER);
        return new Link(
                message.i32(4),
                attributes.text(IFLA_IFNAME),
                attributes
                        .nested(IFLA_LINKINFO)
                        .map(i -> i.text(IFLA_INFO_KIND))
                        .orElse(""),
                attributes
                        .bytes(IFLA_ADDRESS)
                        .filter(b -> b.length == ETHERNET_ADDRESS)
                        .map(MacAddress::of),
                attributes.u32(IFLA_MTU),
                (message.i32(8) & 1) != 0,
                attributes.u32(IFLA_MASTER),
                attributes.text(IFLA_IFALIAS));
    }
}
