package hako.network;

import hako.base.HakoException;
import java.net.Inet4Address;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;

/**
 * How the bridge network is made.
 *
 * @param bridge name of the bridge and of the nftables table: a letter, then letters and digits, at most 15
 * @param subnet its addresses; the first is the bridge's own
 * @param mtu of bridge, taps and the containers' cards
 * @param fallbackDns servers for containers where the host has only resolvers on its loopback, which they cannot reach
 * @param tapOwner uid that may open the taps: the VMM's
 * @param lockDirectory of the lock that daemons sharing a bridge hold while they choose an address
 */
public record NetworkConfig(
        String bridge, Subnet subnet, int mtu, List<String> fallbackDns, int tapOwner, Path lockDirectory) {
    private static final Pattern BRIDGE = Pattern.compile("[a-zA-Z][a-zA-Z0-9]{0,14}");
    private static final int LEAST_MTU = 576;
    private static final int MOST_MTU = 65_521;

    public NetworkConfig {
        if (!BRIDGE.matcher(bridge).matches()) {
            throw invalid("bridge name \"" + bridge + "\": a letter, then letters and digits, at most 15");
        }
        if (mtu < LEAST_MTU || mtu > MOST_MTU) {
            throw invalid("mtu " + mtu + ": between " + LEAST_MTU + " and " + MOST_MTU);
        }
        for (String server : fallbackDns) {
            try {
                Inet4Address.ofLiteral(server);
            } catch (IllegalArgumentException e) {
                throw invalid("DNS server \"" + server + "\": not an IPv4 address");
            }
        }
        fallbackDns = List.copyOf(fallbackDns);
    }

    /** {@code hako0}, {@code 10.88.77.0/24}, 1500 bytes. */
    public static NetworkConfig defaults() {
        return of("hako0", "10.88.77.0/24", 1500);
    }

    public static NetworkConfig of(String bridge, String subnet, int mtu) {
        return new NetworkConfig(
                bridge, Subnet.parse(subnet), mtu, List.of("8.8.8.8", "8.8.4.4"), 0, Path.of("/run/lock"));
    }

    public NetworkConfig withFallbackDns(List<String> servers) {
        return new NetworkConfig(bridge, subnet, mtu, servers, tapOwner, lockDirectory);
    }

    public NetworkConfig withTapOwner(int uid) {
        return new NetworkConfig(bridge, subnet, mtu, fallbackDns, uid, lockDirectory);
    }

    public NetworkConfig withLockDirectory(Path directory) {
        return new NetworkConfig(bridge, subnet, mtu, fallbackDns, tapOwner, directory);
    }

    private static HakoException invalid(String message) {
        return HakoException.user(HakoException.Code.INVALID_ARGUMENT, message);
    }
}
