package hako.network;

import java.util.List;

/**
 * A link of a network namespace that somebody else has wired, as a guest is to have it.
 *
 * @param index what it is known by there
 * @param redirected its frames go to a guest, or nowhere any more
 * @param addresses with prefix lengths
 * @param routes by this link, those on it before those through a gateway
 */
public record NamespaceLink(
        int index,
        String name,
        String mac,
        int mtu,
        boolean up,
        boolean redirected,
        List<String> addresses,
        List<Route> routes) {
    public NamespaceLink {
        addresses = List.copyOf(addresses);
        routes = List.copyOf(routes);
    }

    public NamespaceLink asRedirected() {
        return new NamespaceLink(index, name, mac, mtu, up, true, addresses, routes);
    }

    /**
     * @param destination with prefix length; empty: the default route
     * @param gateway empty: on the link itself
     */
    public record Route(String destination, String gateway) {}
}
