package hako.network;

import hako.linux.Nftables;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Other people's rule that nothing is forwarded: Docker sets the policy of iptables' FORWARD to DROP. What another
 * table drops, ours cannot accept; so where that policy is met, our bridge is let through in that very chain, by
 * iptables, whose it is.
 */
record ForwardPolicy(String bridge) {
    private static final Logger LOG = LoggerFactory.getLogger(ForwardPolicy.class);
    private static final Path LEGACY_TABLES = Path.of("/proc/thread-self/net/ip_tables_names");

    void letThrough() {
        if (hasFilter()) {
            Command.find("iptables").ifPresent(this::letThrough);
        }
    }

    private void letThrough(Command iptables) {
        String rules = iptables.run("-w", "5", "-S", "FORWARD").output();
        if (!rules.contains("-P FORWARD DROP")) {
            return;
        }
        for (String direction : new String[] {"-i", "-o"}) {
            if (!rules.contains("-A FORWARD " + direction + " " + bridge + " -j ACCEPT")) {
                Command.Result result = iptables.run("-w", "5", "-I", "FORWARD", direction, bridge, "-j", "ACCEPT");
                if (result.status() != 0) {
                    LOG.warn(
                            "let {} through iptables' FORWARD: {}; containers may not reach the outside",
                            bridge,
                            result.output().strip());
                }
            }
        }
    }

    private static boolean hasFilter() {
        try {
            return Nftables.hasTable("filter")
                    || Files.exists(LEGACY_TABLES)
                            && Files.readString(LEGACY_TABLES).contains("filter");
        } catch (IOException e) {
            return false;
        }
    }
}
