package hako.network;

import hako.base.HakoException;
import hako.base.HakoException.Code;
import hako.linux.Address;
import hako.linux.Fd;
import hako.linux.Link;
import hako.linux.Netlink;
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

/**
 * A network namespace that a container manager has wired, with the ends of its veth pairs in it. A guest gets each of them: a
 * tap beside the link, and whatever comes in by the one goes out by the other, so that the guest has the link's own address,
 * MAC and neighbours, and the manager's rules hold for it.
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

    /**
     * Its Ethernet links that are up, by index.
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
                return all.stream()
                        .filter(link -> link.up() && isTheirs(link))
                        .sorted(Comparator.comparingInt(Link::index))
                        .map(link -> describe(link, addresses, routes))
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

    private static NamespaceLink describe(Link link, List<Address> addresses, List<Route> routes) {
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
        return new NamespaceLink(link.name(), link.mac().orElseThrow().toString(), link.mtu(), own, ways);
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
     * Moves the tap beside the link, and has each give the other what it gets.
     *
     * @throws HakoException WRONG_STATE: another sandbox has the links of this namespace
     */
    public static synchronized void join(Fd namespace, String sandboxId, String tap, NamespaceLink link) {
        try (Netlink netlink = Netlink.open()) {
            netlink.change(tap).namespace(namespace).apply();
        }
        NetworkNamespace.run(namespace, () -> {
            try (Netlink netlink = Netlink.open()) {
                requireFree(netlink.links(), sandboxId);
                netlink.change(tap).mtu(link.mtu()).up().apply();
                Link ours = netlink.require(tap);
                Link theirs = netlink.require(link.name());
                netlink.endRedirect(theirs); // to a tap that is gone
                netlink.redirect(theirs, ours);
                netlink.redirect(ours, theirs);
                return null;
            }
        });
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
