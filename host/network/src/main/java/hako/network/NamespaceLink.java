package hako.network;

import java.util.List;

/**
 * A link of a network namespace that somebody else has wired, as a guest is to have it.
 *
 * @param addresses with prefix lengths
 * @param routes by this link, those on it before those through a gateway
 */
public record NamespaceLink(String name, String mac, int mtu, List<String> addresses, List<Route> routes) {
    public NamespaceLink {
        addresses = List.copyOf(addresses);
        routes = List.copyOf(routes);
    }

    /**
     * @param destination with prefix length; empty: the default route
     * @param gateway empty: on the link itself
     */
    public record Route(String destination, String gateway) {}
}
