package hako.network;

import hako.base.HakoException;
import hako.base.HakoException.Code;
import hako.linux.Address;
import hako.linux.Fd;
import hako.linux.Link;
import hako.linux.LinuxException;
import hako.linux.Netlink;
import hako.linux.NetlinkMonitor;
import hako.linux.NetworkNamespace;
import hako.linux.Route;
import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A network namespace that a container manager has wired, with the ends of its veth pairs in it. A guest gets each of them: a
 * tap beside the link, and whatever comes in by the one goes out by the other, so that the guest has the link's own address,
 * MAC and neighbours, and the manager's rules hold for it. What a socket in the namespace itself waits for stays there: Docker asks
 * name servers from within.
 *
 * <pre>
 *   guest eth0 === VMM === tap <-- redirect --> eth0 === veth === the manager's bridge
 *                          `------ the namespace ------'
 * </pre>
 *
 * The taps live as long as the VMM has them open; the redirects of the links must be taken back. Only one sandbox at a time can
 * have the links of a namespace. Threads: any.
 */
public final class NamespaceNetwork {
    private static final Path OWN = Path.of("/proc/self/ns/net");

    /** Taps beside links of namespaces, which are no links to be given to guests themselves. */
    private static final String TAP = "hkn";

    private NamespaceNetwork() {}

    /** Whether the namespace is the daemon's own: that of the host, which nobody is given. */
    public static boolean isOwn(Path namespace) throws IOException {
        return Files.readSymbolicLink(OWN).toString().equals(name(namespace)) || Files.isSameFile(OWN, namespace);
    }

    private static String name(Path namespace) throws IOException {
        return Files.isSymbolicLink(namespace)
                ? Files.readSymbolicLink(namespace).toString()
                : "";
    }

    /** Hears of changes of the namespace, and keeps it in being. */
    public static NetlinkMonitor monitor(Fd namespace) {
        return NetworkNamespace.run(namespace, NetlinkMonitor::open);
    }

    /**
     * Its Ethernet links, by index.
     *
     * @throws HakoException WRONG_STATE: another sandbox has them
     */
    public static List<NamespaceLink> links(Fd namespace, String sandboxId) {
        return NetworkNamespace.run(namespace, () -> {
            try (Netlink netlink = Netlink.open()) {
                List<Link> all = netlink.links();
                requireFree(all, sandboxId);
                List<Address> addresses = netlink.addresses();
                List<Route> routes = netlink.routes();
                Set<Integer> redirected = netlink.redirected();
                return all.stream()
                        .filter(NamespaceNetwork::isTheirs)
                        .sorted(Comparator.comparingInt(Link::index))
                        .map(link -> describe(link, redirected.contains(link.index()), addresses, routes))
                        .toList();
            }
        });
    }

    /** Of whoever wired it, and such that a guest can have it. */
    private static boolean isTheirs(Link link) {
        return link.mac().isPresent() && !isLoopback(link) && !isTap(link);
    }

    private static void requireFree(List<Link> all, String sandboxId) {
        other(all, sandboxId).ifPresent(tap -> {
            throw HakoException.user(
                    Code.WRONG_STATE,
                    "the links of this network namespace are another container's (tap %s), and only one VM can have them: end that container, or give this one a network namespace of its own"
                            .formatted(tap.name()));
        });
    }

    /** The tap of another sandbox. */
    private static Optional<Link> other(List<Link> all, String sandboxId) {
        return all.stream()
                .filter(link -> isTap(link) && !link.name().startsWith(taps(sandboxId)))
                .findFirst();
    }

    private static boolean isLoopback(Link link) {
        return link.name().equals("lo");
    }

    private static boolean isTap(Link link) {
        return link.name().startsWith(TAP);
    }

    private static NamespaceLink describe(Link link, boolean redirected, List<Address> addresses, List<Route> routes) {
        List<String> own = new ArrayList<>();
        List<NamespaceLink.Route> ways = new ArrayList<>();
        for (Address address : addresses) {
            if (address.linkIndex() == link.index() && !comesWithTheLink(address.address())) {
                own.add(address.address().getHostAddress() + "/" + address.prefix());
            }
        }
        routes.stream()
                .filter(route -> route.linkIndex() == link.index() && !comesWithAnAddress(route, link, addresses))
                .sorted(Comparator.comparing((Route route) -> route.gateway().isPresent()))
                .forEach(route -> ways.add(way(route)));
        return new NamespaceLink(
                link.index(),
                link.name(),
                link.mac().orElseThrow().toString(),
                link.mtu(),
                link.up(),
                redirected,
                own,
                ways);
    }

    /** The kernel makes fe80::/64 and an address there. */
    private static boolean comesWithTheLink(InetAddress address) {
        return address instanceof Inet6Address && address.isLinkLocalAddress();
    }

    /** The kernel makes it when the address is given. */
    private static boolean comesWithAnAddress(Route route, Link link, List<Address> addresses) {
        return route.gateway().isEmpty()
                && addresses.stream()
                        .anyMatch(address -> address.linkIndex() == link.index()
                                && address.prefix() == route.prefix()
                                && address.network().equals(route.destination()));
    }

    private static NamespaceLink.Route way(Route route) {
        Optional<String> gateway = route.gateway().map(InetAddress::getHostAddress);
        String destination = route.prefix() == 0 ? "" : route.destination().getHostAddress() + "/" + route.prefix();
        return new NamespaceLink.Route(destination, gateway.orElse(""));
    }

    /** The name of a tap for a sandbox's link, where the VMM makes it: in the host's own namespace. */
    public static String tap(String sandboxId, int number) {
        return taps(sandboxId) + number;
    }

    private static String taps(String sandboxId) {
        return TAP + sandboxId.substring(0, 10);
    }

    /**
     * A link that a sandbox has joined, as its tap's alias keeps it: as long as the tap, whatever becomes of the daemon.
     *
     * <pre>
     * hako1 LINK-INDEX MAC        e.g.  hako1 7 02:42:ac:11:00:02
     * </pre>
     *
     * @param number of the sandbox's tap
     * @param mac of the card behind the tap, as it was plugged
     */
    public record Joined(int number, int linkIndex, String mac) {
        private static final Pattern ALIAS = Pattern.compile("hako1 (\\d{1,9}) ([0-9a-f:]{17})");

        private String alias() {
            return "hako1 " + linkIndex + " " + mac;
        }

        private static Optional<Joined> of(Link tap, String sandboxId) {
            String prefix = taps(sandboxId);
            Matcher alias = ALIAS.matcher(tap.alias());
            return tap.name().matches(prefix + "\\d") && alias.matches()
                    ? Optional.of(new Joined(
                            tap.name().charAt(prefix.length()) - '0', Integer.parseInt(alias.group(1)), alias.group(2)))
                    : Optional.empty();
        }
    }

    /** What the sandbox has joined, whichever daemon did it. */
    public static List<Joined> joined(Fd namespace, String sandboxId) {
        return NetworkNamespace.run(namespace, () -> {
            try (Netlink netlink = Netlink.open()) {
                return netlink.links().stream()
                        .flatMap(link -> Joined.of(link, sandboxId).stream())
                        .toList();
            }
        });
    }

    /**
     * Moves the tap beside the link, and has each give the other what it gets.
     *
     * @param mac of the card behind the tap
     * @throws HakoException WRONG_STATE: another sandbox has the links of this namespace
     */
    public static void join(Fd namespace, String sandboxId, int number, String mac, NamespaceLink link) {
        String tap = tap(sandboxId, number);
        synchronized (NamespaceNetwork.class) {
            try (Netlink netlink = Netlink.open()) {
                netlink.change(tap).namespace(namespace).apply();
            }
            NetworkNamespace.run(namespace, () -> {
                try (Netlink netlink = Netlink.open()) {
                    requireFree(netlink.links(), sandboxId);
                    netlink.change(tap).mtu(link.mtu()).up().apply();
                    redirect(netlink, tap, link);
                    netlink.change(tap)
                            .alias(new Joined(number, link.index(), mac).alias())
                            .apply();
                    return null;
                }
            });
        }
    }

    /** The same for a tap that is there: the link's MTU has changed, or it was away and is back. */
    public static void adjust(Fd namespace, String sandboxId, int number, NamespaceLink link) {
        String tap = tap(sandboxId, number);
        NetworkNamespace.run(namespace, () -> {
            try (Netlink netlink = Netlink.open()) {
                netlink.change(tap).mtu(link.mtu()).apply();
                if (!link.redirected()) {
                    redirect(netlink, tap, link);
                }
                return null;
            }
        });
    }

    /** Whatever was in the way of either goes: it led to a tap, or a link, that is gone. */
    private static void redirect(Netlink netlink, String tap, NamespaceLink link) {
        Link ours = netlink.require(tap);
        Link theirs = netlink.require(link.name());
        netlink.endRedirect(theirs);
        netlink.endRedirect(ours);
        netlink.redirect(ours, theirs);
        try {
            netlink.redirectUnclaimed(theirs, ours);
        } catch (LinuxException e) { // a kernel without that: whoever speaks for the namespace gets no answers
            netlink.endRedirect(theirs);
            netlink.redirect(theirs, ours);
        }
    }

    /** What the sandbox had joined has its frames again, where it still is and no other sandbox has it by now. */
    public static synchronized void part(WiredNamespace namespace, String sandboxId) throws IOException {
        Optional<Fd> found = namespace.open();
        if (found.isEmpty()) {
            return;
        }
        try (Fd open = found.get()) {
            NetworkNamespace.run(open, () -> {
                try (Netlink netlink = Netlink.open()) {
                    List<Link> all = netlink.links();
                    if (other(all, sandboxId).isEmpty()) {
                        all.stream().filter(NamespaceNetwork::isTheirs).forEach(netlink::endRedirect);
                    }
                    return null;
                }
            });
        }
    }
}
