package hako.network;

import hako.linux.Address;
import hako.linux.Fd;
import hako.linux.Link;
import hako.linux.Netlink;
import hako.linux.NetworkNamespace;
import hako.linux.Route;
import java.io.IOException;
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
 * Nothing of it is written down: it lives as long as the VMM has its taps open and the namespace is there. One thread at a time.
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

    /** Its Ethernet links that are up, by index. */
    public static List<NamespaceLink> links(Fd namespace) {
        return NetworkNamespace.run(namespace, () -> {
            try (Netlink netlink = Netlink.open()) {
                List<Address> addresses = netlink.addresses();
                List<Route> routes = netlink.routes();
                return netlink.links().stream()
                        .filter(link -> link.up() && link.mac().isPresent() && !isLoopback(link) && !isTap(link))
                        .sorted(Comparator.comparingInt(Link::index))
                        .map(link -> describe(link, addresses, routes))
                        .toList();
            }
        });
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
            if (address.linkIndex() == link.index() && !address.address().isLinkLocalAddress()) {
                own.add(address.address().getHostAddress() + "/" + address.prefix());
            }
        }
        routes.stream()
                .filter(route -> route.linkIndex() == link.index() && !comesWithAnAddress(route, link, addresses))
                .sorted(Comparator.comparing((Route route) -> route.gateway().isPresent()))
                .forEach(route -> ways.add(way(route)));
        return new NamespaceLink(link.name(), link.mac().orElseThrow().toString(), link.mtu(), own, ways);
    }

    /** The kernel makes it when the address is given. */
    private static boolean comesWithAnAddress(Route route, Link link, List<Address> addresses) {
        return route.gateway().isEmpty()
                && (route.destination().isLinkLocalAddress()
                        || addresses.stream()
                                .anyMatch(address ->
                                        address.linkIndex() == link.index() && address.prefix() == route.prefix()));
    }

    private static NamespaceLink.Route way(Route route) {
        Optional<String> gateway = route.gateway().map(java.net.InetAddress::getHostAddress);
        String destination = route.prefix() == 0 ? "" : route.destination().getHostAddress() + "/" + route.prefix();
        return new NamespaceLink.Route(destination, gateway.orElse(""));
    }

    /** The name of a tap for a sandbox's link, where the VMM makes it: in the host's own namespace. */
    public static String tap(String sandboxId, int number) {
        return TAP + sandboxId.substring(0, 10) + number;
    }

    /** Moves the tap beside the link, and has each give the other what it gets. */
    public static void join(Fd namespace, String tap, NamespaceLink link) {
        try (Netlink netlink = Netlink.open()) {
            netlink.change(tap).namespace(namespace).apply();
        }
        NetworkNamespace.run(namespace, () -> {
            try (Netlink netlink = Netlink.open()) {
                netlink.change(tap).mtu(link.mtu()).up().apply();
                Link ours = netlink.require(tap);
                Link theirs = netlink.require(link.name());
                netlink.redirect(theirs, ours);
                netlink.redirect(ours, theirs);
                return null;
            }
        });
    }
}
