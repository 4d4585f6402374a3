package hako.sandbox;

import hako.network.PortMapping;
import java.util.List;

/**
 * How a sandbox is joined to the network.
 *
 * @param mode decides
 * @param hostname the guest's own name
 * @param ports published on the host; only with {@link Mode#BRIDGE}
 * @param dns servers instead of the host's; empty: the host's
 */
public record NetworkRequest(Mode mode, String hostname, List<PortMapping> ports, List<String> dns) {
    public enum Mode {
        /** The node's own bridge, with an address behind NAT. */
        BRIDGE,
        /** Loopback only. */
        NONE,
        /** A network namespace of the caller's, whose links the guest gets. Names are the caller's affair, too. */
        NAMESPACE
    }
}
