package hako.linux;

import java.net.InetAddress;
import java.util.Optional;

/**
 * A unicast route.
 *
 * @param destination its network; all zero with prefix 0 for the default route
 * @param gateway empty for what is reached on the link itself
 * @param linkIndex 0: the kernel finds it by the gateway
 */
public record Route(InetAddress destination, int prefix, Optional<InetAddress> gateway, int linkIndex) {
    private static final int RTA_DST = 1;
    private static final int RTA_OIF = 4;
    private static final int RTA_GATEWAY = 5;
    private static final int AF_INET = 2;

    /** struct rtmsg { u8 family, dst_len, src_len, tos, table, protocol, scope, type; u32 flags } */
    static Route parse(NetlinkMessage message) {
        NetlinkAttributes attributes = message.attributes(NetlinkMessage.ROUTE_HEADER);
        byte[] any = new byte[message.u8(0) == AF_INET ? 4 : 16];
        return new Route(
                NetlinkAttributes.address(attributes.bytes(RTA_DST).orElse(any)),
                message.u8(1),
                attributes.bytes(RTA_GATEWAY).map(NetlinkAttributes::address),
                attributes.u32(RTA_OIF));
    }

    @Override
    public String toString() {
        return destination.getHostAddress() + "/" + prefix
                + gateway.map(g -> " via " + g.getHostAddress()).orElse("")
                + (linkIndex == 0 ? "" : " on link " + linkIndex);
    }
}
