package hako.network;

import hako.base.HakoException;
import hako.linux.Nftables;
import java.net.Inet4Address;
import java.util.Collection;
import java.util.HashSet;
import java.util.Set;
import java.util.function.IntPredicate;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Our nftables table, {@code ip BRIDGE}. Its rules stand once for all containers; a published port is an element of a
 * map they look into. So the program {@code nft} runs only for the rules and for published ports, and everything
 * survives the daemon. One thread at a time: the network's lock.
 */
final class Firewall {
    /** A port of the host and where it leads. */
    record Rule(PortMapping port, String container) {
        private String map() {
            return port.hostIp().equals(PortMapping.ANY) ? "published" : "published_at";
        }

        private String key() {
            String key = port.protocol() + " . " + port.hostPort();
            return port.hostIp().equals(PortMapping.ANY) ? key : port.hostIp() + " . " + key;
        }

        private String add(String table) {
            return "add element ip " + table + " " + map() + " { " + key() + " : " + container + " . "
                    + port.containerPort() + " };\n";
        }

        private String delete(String table) {
            return "delete element ip " + table + " " + map() + " { " + key() + " };\n";
        }
    }

    /** {@code [address .] tcp . 8080 : 10.88.77.5 . 80}, as {@code nft --numeric} prints it (tcp is then 6, udp 17). */
    private static final Pattern ELEMENT =
            Pattern.compile("(?:([0-9.]+) \\. )?(tcp|udp|6|17) \\. (\\d+) : ([0-9.]+) \\. (\\d+)");

    private final String bridge;
    private final Subnet subnet;

    Firewall(NetworkConfig config) {
        bridge = config.bridge();
        subnet = config.subnet();
    }

    /** Whether the table is there; somebody may have flushed the ruleset. */
    boolean stands() {
        return Nftables.hasTable(bridge);
    }

    /** Puts up the rules, in one transaction; what is published stays. */
    void install() {
        nft("set up the rules of " + bridge, rules());
    }

    void remove() {
        if (stands()) {
            nft("remove the rules of " + bridge, "delete table ip " + bridge);
        }
    }

    /** All or none. */
    void publish(Collection<Rule> rules) {
        if (!rules.isEmpty()) {
            nft("publish ports", rules.stream().map(r -> r.add(bridge)).collect(Collectors.joining()));
        }
    }

    /** Those that are there. */
    void withdraw(Collection<Rule> rules) {
        if (rules.isEmpty() || !stands()) {
            return;
        }
        if (run(deletion(rules)).status() != 0) {
            // All or none: one was not there. This takes a look first, which costs another program's run.
            Set<Rule> there = new HashSet<>(rules);
            there.retainAll(published());
            if (!there.isEmpty()) {
                nft("withdraw ports", deletion(there));
            }
        }
    }

    private String deletion(Collection<Rule> rules) {
        return rules.stream().map(r -> r.delete(bridge)).collect(Collectors.joining());
    }

    /** Makes the published ports what they should be: {@code wanted}, and those of addresses that others hold. */
    void reconcile(Set<Rule> wanted, IntPredicate others) {
        Set<Rule> there = published();
        StringBuilder script = new StringBuilder();
        for (Rule rule : there) {
            if (!wanted.contains(rule) && !others.test(Subnet.number(Inet4Address.ofLiteral(rule.container())))) {
                script.append(rule.delete(bridge));
            }
        }
        for (Rule rule : wanted) {
            if (!there.contains(rule)) {
                script.append(rule.add(bridge));
            }
        }
        if (!script.isEmpty()) {
            nft("restore published ports", script.toString());
        }
    }

    /** What the maps hold now. */
    Set<Rule> published() {
        String text = nft("list published ports", "list table ip " + bridge);
        return ELEMENT.matcher(text).results().map(Firewall::rule).collect(Collectors.toSet());
    }

    private static Rule rule(MatchResult m) {
        String ip = m.group(1) == null ? PortMapping.ANY : m.group(1);
        String protocol = m.group(2).equals("udp") || m.group(2).equals("17") ? "udp" : "tcp";
        return new Rule(
                new PortMapping(ip, Integer.parseInt(m.group(3)), Integer.parseInt(m.group(5)), protocol), m.group(4));
    }

    private String rules() {
        return """
                table ip @B@ {
                  map published { type inet_proto . inet_service : ipv4_addr . inet_service; }
                  map published_at { type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service; }
                  chain guard { type filter hook prerouting priority -300; policy accept; }
                  chain inbound { type nat hook prerouting priority -100; policy accept; }
                  chain local { type nat hook output priority -100; policy accept; }
                  chain publish { }
                  chain forward { type filter hook forward priority 0; policy accept; }
                  chain outbound { type nat hook postrouting priority 100; policy accept; }
                }
                flush chain ip @B@ guard
                flush chain ip @B@ inbound
                flush chain ip @B@ local
                flush chain ip @B@ publish
                flush chain ip @B@ forward
                flush chain ip @B@ outbound
                table ip @B@ {
                  chain guard {
                    iifname "@B@" ip saddr != @NET@ drop
                    iifname "@B@" ip daddr 127.0.0.0/8 drop
                  }
                  chain inbound { fib daddr type local jump publish; }
                  chain local { fib daddr type local jump publish; }
                  chain publish {
                    dnat ip to ip daddr . meta l4proto . th dport map @published_at
                    dnat ip to meta l4proto . th dport map @published
                  }
                  chain forward {
                    iifname "@B@" accept
                    oifname "@B@" ct state established,related accept
                    oifname "@B@" ct status dnat accept
                    oifname "@B@" drop
                  }
                  chain outbound {
                    ip saddr @NET@ ip daddr 224.0.0.0/4 return
                    ip saddr @NET@ ip daddr != @NET@ masquerade
                    ip saddr @NET@ oifname "@B@" ct status dnat masquerade
                    ip saddr 127.0.0.0/8 oifname "@B@" masquerade
                  }
                }
                """.replace("@B@", bridge).replace("@NET@", subnet.toString());
    }

    private static String nft(String what, String script) {
        Command.Result result = run(script);
        if (result.status() != 0) {
            throw new HakoException(
                    HakoException.Kind.EXTERNAL,
                    HakoException.Code.UNAVAILABLE,
                    what + ": nft: " + result.output().strip());
        }
        return result.output();
    }

    private static Command.Result run(String script) {
        Command nft = Command.find("nft")
                .orElseThrow(() -> new HakoException(
                        HakoException.Kind.EXTERNAL,
                        HakoException.Code.UNSUPPORTED,
                        "change the firewall: the program nft is missing; install the package nftables, or use"
                                + " --network none"));
        return nft.run("--numeric", script);
    }
}
