package hako.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** A daemon of the benchmark's own, below a folder of its own. Closed, it leaves nothing. */
final class Node implements AutoCloseable {
    static final String IMAGE = "hako/bench";
    static final String CONFIGURATION = "hako.toml";
    private static final Pattern BRIDGE = Pattern.compile("network\\.bridge = \"(\\w+)\"");
    private static final Duration PATIENCE = Duration.ofSeconds(30);

    private final Tools tools;
    private final Path home;
    private final String bridge;
    private final String subnet;
    private final Remains.Held held;

    /** One as it comes. */
    static Node usual(Tools tools) {
        return make(tools, "hkbench", "10.239.77", "template", 0);
    }

    /** One that boots every VM. */
    static Node cold(Tools tools) {
        return make(tools, "hkbenchcold", "10.239.78", "cold", 0);
    }

    /** One where a few VMs wait. */
    static Node pool(Tools tools) {
        return make(tools, "hkbenchpool", "10.239.79", "template", 2);
    }

    /** Until VMs wait, after somebody has said what they are to be like. */
    void awaitPool() {
        await("a full pool", () -> hako("factory", "status").contains("containers: 2"));
    }

    /** Templates as they are from the third container of a kind on, and none of other kinds. */
    void makeTemplates() {
        hako("factory", "destroy");
        hako("factory", "init");
        await("a prepared container", () -> {
            hako("run", "--rm", IMAGE, "true");
            return hako("factory", "status").contains("a container of");
        });
    }

    /** One whose benchmark was killed, to be closed. */
    static Node left(Tools tools, Path home) {
        Matcher bridge = BRIDGE.matcher(ProcFiles.read(home.resolve(CONFIGURATION)));
        return new Node(tools, home, bridge.find() ? bridge.group(1) : "", "");
    }

    private Node(Tools tools, Path home, String bridge, String subnet) {
        this.tools = tools;
        this.home = home;
        this.bridge = bridge;
        this.subnet = subnet;
        held = Remains.hold(this::demolish);
    }

    private static Node make(Tools tools, String bridge, String subnet, String source, int pool) {
        try {
            Path home = Files.createTempDirectory(tools.work(), "n");
            Files.writeString(home.resolve(CONFIGURATION), """
                    network.bridge = "%s"
                    network.subnet = "%s.0/24"
                    vm.source = "%s"
                    vm.pool = %d
                    """.formatted(bridge, subnet, source, pool));
            Node node = new Node(tools, home, bridge, subnet);
            node.importImage(IMAGE, tools.root());
            return node;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    void importImage(String name, Path root) {
        hako("image", "import", root.toString(), name);
    }

    Map<String, String> environment() {
        return Map.of("HAKO_HOME", home.toString());
    }

    Path home() {
        return home;
    }

    /** The host's address on its bridge, which is there once a container runs. */
    String gateway() {
        return subnet + ".1";
    }

    /** The command line of {@code hako}. */
    List<String> line(String... arguments) {
        List<String> line = new ArrayList<>();
        line.add(tools.hako().toString());
        line.addAll(Arrays.asList(arguments));
        return line;
    }

    /** The same for whoever has another node's environment. */
    List<String> foreignLine(String... arguments) {
        List<String> line = new ArrayList<>(List.of("env", "HAKO_HOME=" + home));
        line.addAll(line(arguments));
        return line;
    }

    /** Runs {@code hako}; what it printed. */
    String hako(String... arguments) {
        return Execution.of(environment(), line(arguments));
    }

    /** A detached container of busybox; its id. */
    String detached(String name, String... command) {
        return hako(Stream.concat(Stream.of("run", "-d", "--name", name, IMAGE), Stream.of(command))
                        .toArray(String[]::new))
                .strip();
    }

    void remove(String... names) {
        hako(Stream.concat(Stream.of("rm", "-f"), Stream.of(names)).toArray(String[]::new));
    }

    void awaitLog(String name, String text) {
        await(name + " to say " + text, () -> hako("logs", name).contains(text));
    }

    static void await(String what, BooleanSupplier fact) {
        await(what, PATIENCE, fact);
    }

    static void await(String what, Duration patience, BooleanSupplier fact) {
        long deadline = System.nanoTime() + patience.toNanos();
        while (!fact.getAsBoolean()) {
            if (System.nanoTime() > deadline) {
                throw new BenchmarkException("waited " + patience + " for " + what);
            }
            pause(Duration.ofMillis(10));
        }
    }

    static void pause(Duration span) {
        try {
            Thread.sleep(span);
        } catch (InterruptedException e) {
            throw new BenchmarkException("interrupted");
        }
    }

    long daemon() {
        return daemons().findFirst().orElseThrow(() -> new BenchmarkException("no daemon runs"));
    }

    private Stream<Long> daemons() {
        return ProcFiles.withEnvironment("HAKO_HOME=" + home).stream()
                .filter(pid -> ProcFiles.commandLine(pid).contains("hako.daemon.Main"));
    }

    /** A fresh daemon in the place of this one. */
    void restart() {
        endDaemon();
        hako("version");
    }

    private void endDaemon() {
        for (long pid : daemons().toList()) {
            Execution.of("kill", "-TERM", Long.toString(pid));
            await("the daemon to end", () -> ProcFiles.commandLine(pid).size() < 2);
        }
    }

    /** The VMM's pid. */
    long vmm(String containerId) {
        return processes(containerId).stream()
                .filter(pid -> ProcFiles.commandLine(pid).getFirst().contains("qemu"))
                .findFirst()
                .orElseThrow(() -> new BenchmarkException("no VMM of " + containerId));
    }

    /** All processes of a sandbox: those whose command line names it. */
    List<Long> processes(String containerId) {
        return ProcFiles.withCommandLine(containerId);
    }

    /** Host memory of a sandbox, in MB. */
    double megabytes(String containerId) {
        return Footprint.of(processes(containerId)).megabytes();
    }

    @Override
    public void close() {
        held.close();
    }

    private void demolish() {
        String ids = hako("ps", "-aq");
        if (!ids.isBlank()) {
            remove(ids.strip().split("\\s+"));
        }
        endDaemon();
        Execution.attempt(List.of("ip", "link", "del", bridge));
        Execution.attempt(List.of("nft", "delete", "table", "ip", bridge));
        Tools.delete(home);
    }
}
