package hako.bench;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * TCP between a guest and the host, beside a namespace with a veth pair, which is what a plain container has. Both talk to the
 * same server program on the host. Bounded in time: each question gets half a second.
 */
final class Network implements Benchmark {
    private static final String NAMESPACE = "hkbench";
    private static final String HOST_LINK = "hkbv0";
    private static final String LINK = "hkbv1";
    private static final String HOST_ADDRESS = "10.239.76.1";
    private static final String ADDRESS = "10.239.76.2";
    private static final String PORT = ":7077";
    private static final String MILLISECONDS = "500";

    private static final Map<String, Tally.Question> QUESTIONS = Map.of(
            "send", new Tally.Question("net-send", "sent to the host by TCP", Unit.MEGABYTES_PER_SECOND),
            "receive", new Tally.Question("net-receive", "received from the host by TCP", Unit.MEGABYTES_PER_SECOND),
            "round-trips", new Tally.Question("net-round-trip", "round trip of 64 bytes by TCP", Unit.MILLISECONDS),
            "requests", new Tally.Question("net-requests", "requests of 64 bytes over 16 connections", Unit.PER_SECOND),
            "connections",
                    new Tally.Question("net-connections", "connections made, used once and closed", Unit.PER_SECOND));

    @Override
    public String name() {
        return "network";
    }

    @Override
    public boolean isPromised() {
        return false;
    }

    @Override
    public List<Row> run(Setup setup) {
        if (Execution.find("ip").isEmpty()) {
            return List.of(Row.leftOut("net", "network", "there is no program ip; install iproute2"));
        }
        Node node = setup.node();
        Tally tally = new Tally();
        node.detached("talks", "sleep", "100000");
        try (Remains.Held _ = Remains.hold(Network::removeVeth);
                Remains.Held _ = serve(setup.tools(), node.gateway())) {
            addVeth();
            try (Remains.Held _ = serve(setup.tools(), HOST_ADDRESS)) {
                for (int i = 0; i < setup.rounds(7); i++) {
                    add(
                            tally,
                            "from a VM",
                            node.hako("exec", "talks", "meter", "talk", node.gateway() + PORT, MILLISECONDS));
                    add(tally, "over a veth pair", Execution.of(Map.of(), inNamespace(setup.tools())));
                }
            }
        } finally {
            node.remove("talks");
        }
        return tally.rows();
    }

    private static List<String> inNamespace(Tools tools) {
        return List.of(
                "ip", "netns", "exec", NAMESPACE, tools.meter().toString(), "talk", HOST_ADDRESS + PORT, MILLISECONDS);
    }

    private static void add(Tally tally, String contender, String output) {
        Meter.results(output).forEach((name, result) -> {
            Tally.Question question = QUESTIONS.get(name);
            if (question == null) {
                throw new BenchmarkException("meter measured something unknown: " + name);
            }
            boolean each = question.unit() == Unit.MILLISECONDS;
            tally.add(question, contender, each ? result.eachMillis() : result.in(question.unit()));
        });
    }

    private static Remains.Held serve(Tools tools, String address) {
        Path log = tools.work().resolve("serve-" + address);
        Process server = Execution.background(List.of(tools.meter().toString(), "serve", address + PORT), log);
        Remains.Held held = Remains.hold(() -> server.destroyForcibly().onExit().join());
        Node.await("a server at " + address + PORT, () -> {
            if (!server.isAlive()) {
                throw new BenchmarkException(ProcFiles.read(log).strip());
            }
            return ProcFiles.read(log).contains("ready");
        });
        return held;
    }

    private static void addVeth() {
        removeVeth(); // of one that was killed
        Execution.of("ip", "netns", "add", NAMESPACE);
        Execution.of("ip", "link", "add", HOST_LINK, "type", "veth", "peer", "name", LINK, "netns", NAMESPACE);
        Execution.of("ip", "address", "add", HOST_ADDRESS + "/30", "dev", HOST_LINK);
        Execution.of("ip", "link", "set", HOST_LINK, "up");
        Execution.of("ip", "-n", NAMESPACE, "address", "add", ADDRESS + "/30", "dev", LINK);
        Execution.of("ip", "-n", NAMESPACE, "link", "set", LINK, "up");
    }

    private static void removeVeth() {
        Execution.attempt(List.of("ip", "link", "del", HOST_LINK));
        Execution.attempt(List.of("ip", "netns", "del", NAMESPACE));
    }
}
