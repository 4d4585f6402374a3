package hako.it;

import java.nio.file.Path;

/** Two network namespaces with a cable between them: {@code eth7} of the near one, {@code far} of the other. */
record Cable(String nearName, String farName) implements AutoCloseable {
    /** The namespaces without it. */
    static Cable none(HakoNode node) {
        Cable cable = new Cable("near-" + node.bridge(), "far-" + node.bridge());
        Command.of("ip", "netns", "add", cable.nearName).run().ok();
        Command.of("ip", "netns", "add", cable.farName).run().ok();
        return cable;
    }

    static Cable lay(HakoNode node, int mtu) {
        Cable cable = none(node);
        cable.lay(mtu);
        return cable;
    }

    void lay(int mtu) {
        near("ip link add eth7 mtu %d address 02:00:00:00:00:07 type veth peer name far netns %s"
                .formatted(mtu, farName));
    }

    /** With addresses at both ends: {@code 10.9.8.7} and {@code 10.9.8.1}. */
    static Cable connect(HakoNode node, int mtu) {
        Cable cable = lay(node, mtu);
        cable.address();
        return cable;
    }

    void address() {
        far("ip addr add 10.9.8.1/24 dev far && ip link set far up");
        near("ip addr add 10.9.8.7/24 dev eth7 && ip link set eth7 up && ip route add default via 10.9.8.1 dev eth7");
    }

    /** What a script says in the near namespace. */
    String near(String script) {
        return inside(nearName, script);
    }

    String far(String script) {
        return inside(farName, script);
    }

    /** The near one, for a container. */
    Path namespace() {
        return Path.of("/run/netns", nearName);
    }

    private static String inside(String namespace, String script) {
        return Command.of("ip", "netns", "exec", namespace, "sh", "-c", script)
                .run()
                .ok()
                .out();
    }

    @Override
    public void close() {
        Command.of("ip", "netns", "del", nearName).run();
        Command.of("ip", "netns", "del", farName).run();
    }
}
