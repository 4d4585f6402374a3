package hako.linux;

/** What shall be different about a link; {@link #apply} asks for all of it in one request. */
public final class LinkChange {
    // include/uapi/linux/if.h
    private static final int IFF_UP = 1;

    private final NetlinkSocket socket;
    private final Link link;
    private final NetlinkMessage request;
    private final StringBuilder what = new StringBuilder();

    LinkChange(NetlinkSocket socket, Link link) {
        this.socket = socket;
        this.link = link;
        request = NetlinkMessage.link(Netlink.RTM_NEWLINK, link.index());
    }

    public LinkChange up() {
        return flags(IFF_UP, " up");
    }

    public LinkChange down() {
        return flags(0, " down");
    }

    /** Makes it a port of this bridge. */
    public LinkChange master(Link bridge) {
        request.u32(Link.IFLA_MASTER, bridge.index());
        return and(" master " + bridge.name());
    }

    public LinkChange noMaster() {
        request.u32(Link.IFLA_MASTER, 0);
        return and(" without master");
    }

    /** Lets a frame leave a bridge by the port it came in; the link is one's port already. */
    public LinkChange hairpin() {
        request.nest(
                Link.IFLA_LINKINFO,
                info -> info.text(Link.IFLA_INFO_SLAVE_KIND, "bridge")
                        .nest(Link.IFLA_INFO_SLAVE_DATA, data -> data.bytes(Link.IFLA_BRPORT_MODE, new byte[] {1})));
        return and(" hairpin");
    }

    public LinkChange mtu(int bytes) {
        request.u32(Link.IFLA_MTU, bytes);
        return and(" mtu " + bytes);
    }

    /** The link must be down. */
    public LinkChange rename(String name) {
        request.text(Link.IFLA_IFNAME, name);
        return and(" name " + name);
    }

    public LinkChange mac(MacAddress mac) {
        request.bytes(Link.IFLA_ADDRESS, mac.bytes());
        return and(" mac " + mac);
    }

    /** Notes up to 255 bytes of text with it. */
    public LinkChange alias(String text) {
        request.text(Link.IFLA_IFALIAS, text);
        return and(" alias");
    }

    /** Moves it to the network namespace of this descriptor; it comes down on the way and may get another index. */
    public LinkChange namespace(Fd namespace) {
        request.u32(Link.IFLA_NET_NS_FD, namespace.number());
        return and(" namespace of " + namespace);
    }

    public void apply() {
        socket.exchange(request, 0, "set link " + link.name() + what);
    }

    private LinkChange flags(int value, String words) {
        request.linkFlags(value, IFF_UP);
        return and(words);
    }

    private LinkChange and(String words) {
        what.append(words);
        return this;
    }
}
