package hako.network;

import java.util.List;

/**
 * A sandbox's place on the bridge network; what the agent needs to configure its card, and what must be written down to
 * give it back.
 *
 * @param tap the host interface that the VMM opens
 * @param mac of the card in the guest, {@code 02:68:0a:58:4d:05}
 * @param address with prefix length, {@code 10.88.77.5/24}
 * @param gateway {@code 10.88.77.1}
 * @param dns servers for its resolv.conf
 * @param ports as published: host ports left to choice are filled in
 */
public record Endpoint(
        String sandboxId,
        String tap,
        String mac,
        String address,
        String gateway,
        int mtu,
        List<String> dns,
        List<PortMapping> ports) {
    public Endpoint {
        dns = List.copyOf(dns);
        ports = List.copyOf(ports);
    }

    /** The address without its prefix length. */
    public String ip() {
        return address.substring(0, address.indexOf('/'));
    }
}
