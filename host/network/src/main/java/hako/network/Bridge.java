package hako.network;

import hako.base.HakoException;
import hako.base.Undo;
import hako.linux.Address;
import hako.linux.Link;
import hako.linux.MacAddress;
import hako.linux.Netlink;
import hako.linux.Route;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** The bridge itself with its address and the kernel's settings for it. One thread at a time: the network's lock. */
record Bridge(NetworkConfig config) {
    private static final Path IP_FORWARD = Path.of("/proc/sys/net/ipv4/ip_forward");

    private static final Path BRIDGED_PASS_FIREWALL = Path.of("/proc/sys/net/bridge/bridge-nf-call-iptables");

    /** Makes it if it is missing. */
    Link ensure(Netlink netlink) {
        Link bridge = netlink.link(config.bridge()).orElse(null);
        if (bridge == null || !hasAddress(netlink, bridge)) {
            bridge = create(netlink, Optional.ofNullable(bridge));
        }
        set(IP_FORWARD, "1");
        return bridge;
    }

    /**
     * What a new port needs besides being one: where bridged packets pass the firewall (br_netfilter), one that a
     * container sends to its own published port turns around within the bridge, which a port must be allowed to do.
     */
    void admit(Netlink netlink, String port) {
        try {
            if (Files.exists(BRIDGED_PASS_FIREWALL)
                    && Files.readString(BRIDGED_PASS_FIREWALL).strip().equals("1")) {
                netlink.change(port).hairpin().apply();
            }
        } catch (IOException e) {
            throw new HakoException(
                    HakoException.Kind.EXTERNAL,
                    HakoException.Code.UNAVAILABLE,
                    "read " + BRIDGED_PASS_FIREWALL + ": " + e.getMessage(),
                    e);
        }
    }

    /** Before it is up: the host says nothing for itself on this port, which its guest would have to read. */
    void silence(String port) {
        set(Path.of("/proc/sys/net/ipv6/conf", port, "disable_ipv6"), "1");
    }

    private Link create(Netlink netlink, Optional<Link> old) {
        String name = config.bridge();
        old.ifPresent(bridge -> removeForeign(netlink, bridge));
        refuseCollision(netlink);
        try (Undo undo = new Undo()) {
            netlink.addBridge(name);
            undo.add(() -> netlink.deleteLink(name));
            Link bridge = netlink.require(name);
            int gateway = config.subnet().gateway();
            silence(name);
            // Lets the host's own 127.0.0.1:PORT be led to a container; Firewall keeps containers out of 127/8.
            set(Path.of("/proc/sys/net/ipv4/conf", name, "route_localnet"), "1");
            // An address of its own: without one a bridge's changes with its ports.
            netlink.change(bridge)
                    .mac(new MacAddress(Subnet.mac(gateway)))
                    .mtu(config.mtu())
                    .up()
                    .apply();
            netlink.addAddress(bridge, address(gateway), config.subnet().prefix());
            undo.release();
            return bridge;
        }
    }

    private boolean hasAddress(Netlink netlink, Link bridge) {
        Address wanted = new Address(
                bridge.index(),
                address(config.subnet().gateway()),
                config.subnet().prefix());
        return netlink.addresses().contains(wanted);
    }

    /**
     * A link of our name with another address: ours from before the configuration changed, if nothing is plugged in.
     */
    private void removeForeign(Netlink netlink, Link bridge) {
        boolean used = netlink.links().stream().anyMatch(l -> l.masterIndex() == bridge.index());
        if (used || !bridge.kind().equals("bridge")) {
            throw HakoException.user(
                    HakoException.Code.WRONG_STATE,
                    "set up network " + bridge.name() + ": an interface of this name is there without the address "
                            + Subnet.text(config.subnet().gateway()) + "/"
                            + config.subnet().prefix() + " and is "
                            + (used ? "in use" : "no bridge") + "; choose another network.bridge");
        }
        netlink.deleteLink(bridge.name());
    }

    private void refuseCollision(Netlink netlink) {
        for (Route route : netlink.routes()) {
            if (route.prefix() > 0
                    && route.destination() instanceof Inet4Address destination
                    && config.subnet().overlaps(new Subnet(Subnet.number(destination), route.prefix()))) {
                String device = netlink.links().stream()
                        .filter(l -> l.index() == route.linkIndex())
                        .map(l -> " on " + l.name())
                        .findFirst()
                        .orElse("");
                throw HakoException.user(
                        HakoException.Code.ALREADY_EXISTS,
                        "set up network " + config.bridge() + ": its subnet " + config.subnet()
                                + " overlaps the host's route " + destination.getHostAddress() + "/" + route.prefix()
                                + device + "; choose another network.subnet");
            }
        }
    }

    private static InetAddress address(int number) {
        return Inet4Address.ofLiteral(Subnet.text(number));
    }

    private static void set(Path setting, String value) {
        try {
            if (Files.exists(setting) && !Files.readString(setting).strip().equals(value)) {
                Files.writeString(setting, value);
            }
        } catch (IOException e) {
            throw new HakoException(
                    HakoException.Kind.EXTERNAL,
                    HakoException.Code.PERMISSION,
                    "set " + setting + " to " + value + ": " + e.getMessage(),
                    e);
        }
    }
}
