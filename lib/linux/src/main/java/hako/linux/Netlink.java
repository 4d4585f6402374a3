package hako.linux;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Links, addresses and routes of a network namespace, by rtnetlink ({@code rtnetlink(7)}): the one of the thread that
 * opened it. A socket and a sequence number; one thread uses it at a time.
 */
public final class Netlink implements AutoCloseable {
    // include/uapi/linux/rtnetlink.h
    static final int RTM_NEWLINK = 16;
    static final int RTM_DELLINK = 17;
    static final int RTM_GETLINK = 18;
    static final int RTM_NEWADDR = 20;
    static final int RTM_DELADDR = 21;
    static final int RTM_GETADDR = 22;
    static final int RTM_NEWROUTE = 24;
    static final int RTM_DELROUTE = 25;
    static final int RTM_GETROUTE = 26;

    private static final int RTA_DST = 1;
    private static final int RTA_OIF = 4;
    private static final int RTA_GATEWAY = 5;
    private static final byte RT_TABLE_MAIN = (byte) 254;
    private static final byte RTPROT_STATIC = 4;
    private static final byte RT_SCOPE_LINK = (byte) 253;
    private static final byte RTN_UNICAST = 1;

    // include/uapi/linux/if_addr.h
    private static final int IFA_ADDRESS = 1;
    private static final int IFA_LOCAL = 2;

    // include/uapi/linux/veth.h
    private static final int VETH_INFO_PEER = 1;

    private final NetlinkSocket socket;

    private Netlink(NetlinkSocket socket) {
        this.socket = socket;
    }

    public static Netlink open() {
        return new Netlink(NetlinkSocket.open(NetlinkSocket.NETLINK_ROUTE));
    }

    /** All links. */
    public List<Link> links() {
        return socket.dump(NetlinkMessage.link(RTM_GETLINK, 0), "list links").stream()
                .filter(m -> m.type() == RTM_NEWLINK)
                .map(Link::parse)
                .toList();
    }

    /** The link of this name. */
    public Optional<Link> link(String name) {
        try {
            List<NetlinkMessage> answer = socket.exchange(
                    NetlinkMessage.link(RTM_GETLINK, 0).text(Link.IFLA_IFNAME, name), 0, "find link " + name);
            return answer.stream().map(Link::parse).findFirst();
        } catch (LinuxException e) {
            if (e.errno() == Errno.ENODEV) {
                return Optional.empty();
            }
            throw e;
        }
    }

    /** As {@link #link}, which must be there. */
    public Link require(String name) {
        return link(name).orElseThrow(() -> new LinuxException("netlink", "find link " + name, Errno.ENODEV));
    }

    /** A new bridge, down. */
    public void addBridge(String name) {
        NetlinkMessage request = NetlinkMessage.link(RTM_NEWLINK, 0).text(Link.IFLA_IFNAME, name);
        request.nest(Link.IFLA_LINKINFO, info -> info.text(Link.IFLA_INFO_KIND, "bridge"));
        socket.exchange(request, NetlinkSocket.CREATE, "create bridge " + name);
    }

    /** Two new links, down, each the other end of the other. */
    public void addVeth(String name, String peer) {
        NetlinkMessage request = NetlinkMessage.link(RTM_NEWLINK, 0).text(Link.IFLA_IFNAME, name);
        request.nest(
                Link.IFLA_LINKINFO,
                info -> info.text(Link.IFLA_INFO_KIND, "veth")
                        .nest(
                                Link.IFLA_INFO_DATA,
                                data -> data.nest(
                                        VETH_INFO_PEER,
                                        p -> p.linkHeader(0, 0, 0).text(Link.IFLA_IFNAME, peer))));
        socket.exchange(request, NetlinkSocket.CREATE, "create veth " + name);
    }

    /** Removes a link of any kind; false if there is none of this name. */
    public boolean deleteLink(String name) {
        try {
            socket.exchange(NetlinkMessage.link(RTM_DELLINK, 0).text(Link.IFLA_IFNAME, name), 0, "delete link " + name);
            return true;
        } catch (LinuxException e) {
            if (e.errno() == Errno.ENODEV) {
                return false;
            }
            throw e;
        }
    }

    /** Changes several things of a link in one request. */
    public LinkChange change(Link link) {
        return new LinkChange(socket, link);
    }

    /** As {@link #change(Link)} of the link of this name. */
    public LinkChange change(String name) {
        return change(require(name));
    }

    public List<Address> addresses() {
        return socket.dump(NetlinkMessage.address(RTM_GETADDR, 0, 0, 0), "list addresses").stream()
                .filter(m -> m.type() == RTM_NEWADDR)
                .map(Address::parse)
                .toList();
    }

    /** @throws LinuxException {@code EEXIST} */
    public void addAddress(Link link, InetAddress address, int prefix) {
        byte[] bytes = address.getAddress();
        socket.exchange(
                NetlinkMessage.address(RTM_NEWADDR, family(bytes), prefix, link.index())
                        .bytes(IFA_LOCAL, bytes)
                        .bytes(IFA_ADDRESS, bytes),
                NetlinkSocket.CREATE,
                "add address " + address.getHostAddress() + "/" + prefix + " to " + link.name());
    }

    /** Unicast routes of the main table. */
    public List<Route> routes() {
        List<Route> routes = new ArrayList<>();
        for (NetlinkMessage message :
                socket.dump(NetlinkMessage.route(RTM_GETROUTE, 0, 0, (byte) 0, (byte) 0, (byte) 0), "list routes")) {
            if (message.type() == RTM_NEWROUTE
                    && message.u8(4) == (RT_TABLE_MAIN & 0xFF)
                    && message.u8(7) == RTN_UNICAST) {
                routes.add(Route.parse(message));
            }
        }
        return List.copyOf(routes);
    }

    /**
     * A unicast route in the main table.
     *
     * @throws LinuxException {@code EEXIST}
     */
    public void addRoute(Route route) {
        byte[] destination = route.destination().getAddress();
        Optional<InetAddress> gateway = route.gateway();
        NetlinkMessage request = NetlinkMessage.route(
                RTM_NEWROUTE,
                family(destination),
                route.prefix(),
                RTPROT_STATIC,
                gateway.isPresent() ? (byte) 0 : RT_SCOPE_LINK,
                RTN_UNICAST);
        if (route.prefix() > 0) {
            request.bytes(RTA_DST, destination);
        }
        gateway.ifPresent(g -> request.bytes(RTA_GATEWAY, g.getAddress()));
        if (route.linkIndex() != 0) {
            request.u32(RTA_OIF, route.linkIndex());
        }
        socket.exchange(request, NetlinkSocket.CREATE, "add route " + route);
    }

    /**
     * Has every frame that comes in by one link go out by another, instead of reaching this host. A link is given to one
     * other at most.
     *
     * @throws LinuxException {@code EEXIST}
     */
    public void redirect(Link from, Link to) {
        String what = "redirect " + from.name() + " to " + to.name();
        socket.exchange(TrafficControl.ingress(from), NetlinkSocket.CREATE, what);
        socket.exchange(TrafficControl.redirect(from, to), NetlinkSocket.CREATE, what);
    }

    /**
     * The same, except for what a socket of this namespace waits for.
     *
     * @throws LinuxException {@code EEXIST}; or the kernel takes no programs here
     */
    public void redirectUnclaimed(Link from, Link to) {
        String what = "redirect what nobody here waits for from " + from.name() + " to " + to.name();
        try (Fd program = UnclaimedFrames.program(to).load(Bpf.CLASSIFIER, what)) {
            socket.exchange(TrafficControl.ingress(from), NetlinkSocket.CREATE, what);
            socket.exchange(TrafficControl.program(from, program), NetlinkSocket.CREATE, what);
        }
    }

    /** Indexes of links whose frames go elsewhere, or nowhere any more. */
    public Set<Integer> redirected() {
        return socket.dump(TrafficControl.all(), "list redirects").stream()
                .filter(TrafficControl::isIngress)
                .map(message -> message.i32(4))
                .collect(Collectors.toSet());
    }

    /** Frames that come in by the link reach this host again. False: nothing of ours was in their way. */
    public boolean endRedirect(Link from) {
        try {
            socket.exchange(TrafficControl.noIngress(from), 0, "end the redirect of " + from.name());
            return true;
        } catch (LinuxException e) {
            if (e.errno() == Errno.ENOENT || e.errno() == Errno.EINVAL) { // none, or of another kind
                return false;
            }
            throw e;
        }
    }

    @Override
    public void close() {
        socket.close();
    }

    private static int family(byte[] address) {
        return address.length == 4 ? 2 : 10;
    }
}
