package hako.it;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Stream;

/**
 * A daemon of the test's own with everything below one folder: {@code HAKO_HOME}, a bridge and a subnet that no other
 * has. Starts nothing by itself: the first command starts the daemon. When it is closed, nothing of it may be left on
 * the host. Threads: any.
 */
final class HakoNode implements AutoCloseable {
    static final String IMAGE = "hako/busybox";

    /** What has to go after a container's end goes within this. */
    static final Duration CLEAN_UP = Duration.ofSeconds(60);

    private static final String DAEMON_CLASS = "hako.daemon.Main";

    private final Path home = Temporary.folder("hk");
    private final int number = freeSubnet();

    private HakoNode() {}

    /** @param configuration more lines of hako.toml: {@code vm.machine = "pc"} */
    static HakoNode create(String configuration) {
        HakoNode node = new HakoNode();
        node.configure(configuration);
        return node;
    }

    static HakoNode create() {
        return create("");
    }

    Path home() {
        return home;
    }

    String bridge() {
        return "hkit" + number;
    }

    /** The first three numbers of the subnet, with a dot behind. */
    String subnet() {
        return "10.%d.%d.".formatted(200 + (number >> 8), number & 0xff);
    }

    String gateway() {
        return subnet() + "1";
    }

    /**
     * Writes hako.toml; counts for the next daemon. The kernel goes by a name below the node's folder, so that every VMM
     * of this node can be told by its command line.
     */
    void configure(String configuration) {
        Path kernel = home.resolve("vmlinux");
        if (!Files.exists(kernel)) {
            Temporary.link(kernel, Build.kernel());
        }
        Temporary.write(home.resolve("hako.toml"), """
                network.bridge = "%s"
                network.subnet = "%s0/24"
                %s
                %s
                """.formatted(
                        bridge(),
                        subnet(),
                        configuration.contains("vm.kernel") ? "" : "vm.kernel = \"" + kernel + "\"",
                        configuration));
    }

    HakoNode withBusybox() {
        run("image", "import", Build.busybox().toString(), IMAGE).ok();
        return this;
    }

    /** The real program, to be run against this node. */
    Command hako(String... arguments) {
        return program(Build.hako(), arguments);
    }

    /** The same as whoever calls runc calls it. */
    Command runtime(String... arguments) {
        return program(Build.runtime(), arguments);
    }

    /** The same of what leaves a process behind, which would keep the streams. */
    Command unheardRuntime(String... arguments) {
        return program(
                Path.of("/bin/sh"),
                Stream.concat(
                                Stream.of(
                                        "-c",
                                        "exec \"$0\" \"$@\" >/dev/null 2>&1",
                                        Build.runtime().toString()),
                                Stream.of(arguments))
                        .toArray(String[]::new));
    }

    /** The same for a manager, whose environment does not reach what it calls. */
    Path runtimeProgram() {
        Path program = home.resolve("hako-runtime");
        Temporary.write(program, "#!/bin/sh\nHAKO_HOME=%s exec %s \"$@\"\n".formatted(home, Build.runtime()));
        program.toFile().setExecutable(true);
        return program;
    }

    private Command program(Path program, String... arguments) {
        List<String> line = new ArrayList<>();
        line.add(program.toString());
        line.addAll(Arrays.asList(arguments));
        return Command.of(line).with("HAKO_HOME", home.toString());
    }

    Result run(String... arguments) {
        return hako(arguments).run();
    }

    /** {@code hako run --rm} of busybox. */
    Result busybox(String... command) {
        return run(Stream.concat(Stream.of("run", "--rm", IMAGE), Stream.of(command))
                .toArray(String[]::new));
    }

    /** {@code hako run -d} of busybox under a name. */
    void detached(String name, String... command) {
        run(Stream.concat(Stream.of("run", "-d", "--name", name, IMAGE), Stream.of(command))
                        .toArray(String[]::new))
                .ok();
    }

    Json inspect(String name) {
        return Json.parse(run("inspect", name).ok().out()).at("0");
    }

    /** Ids of the VMs that containers run in. */
    List<String> vms() {
        return run("ps", "-q").ok().lines().stream()
                .map(id -> inspect(id).at("Vm.Id").text())
                .distinct()
                .toList();
    }

    String status(String name) {
        return inspect(name).at("State.Status").text();
    }

    void awaitStatus(String name, String status) {
        Await.until(
                "container %s to be %s".formatted(name, status),
                Duration.ofSeconds(20),
                () -> status(name).equals(status),
                () -> run("ps", "-a").out());
    }

    Traces traces() {
        return new Traces(this);
    }

    /** Waits until no process, mount, tap or file of a container is left. */
    void awaitNoTraces() {
        awaitNoTraces(CLEAN_UP);
    }

    void awaitNoTraces(Duration patience) {
        Traces traces = traces();
        Await.until(
                "everything of the containers to go",
                patience,
                () -> traces.ofContainers().isEmpty(),
                () -> String.join("\n", traces.ofContainers()) + "\n" + run("ps", "-a"));
    }

    /** The daemon's pid; 0 when none runs. */
    long daemon() {
        return daemons().stream().findFirst().orElse(0L);
    }

    List<Long> daemons() {
        return Processes.withEnvironment("HAKO_HOME", home.toString()).stream()
                .filter(pid -> Processes.commandLine(pid).contains(DAEMON_CLASS))
                .toList();
    }

    /** {@code kill -9} of the daemon, wherever it is in its work. */
    void killDaemon() {
        daemons().forEach(Processes::kill);
    }

    /** Pids of the VMMs. */
    List<Long> vmms() {
        return helpers("qemu-system");
    }

    /** Those of sandboxes: not of a template that is in the making. */
    List<Long> sandboxVmms() {
        return vmms().stream()
                .filter(pid -> !Processes.commandLine(pid).contains("-name hako-template-"))
                .toList();
    }

    /** Pids of a sandbox's processes whose program's name has the text in it. */
    List<Long> helpers(String program) {
        return Processes.ofVms(home).stream()
                .filter(pid -> Processes.commandLine(pid).split(" ")[0].contains(program))
                .toList();
    }

    /** The files of the images; what is about to be deleted in the background is not among them. */
    List<Path> stored() {
        return Temporary.below(home.resolve("lib")).stream()
                .filter(path -> !path.startsWith("containers") && !path.startsWith("sandboxes"))
                .filter(path -> !path.toString().contains(".gone-"))
                .toList();
    }

    String log() {
        Path log = home.resolve("run/hakod.log");
        return Files.exists(log) ? Temporary.read(log) : "";
    }

    /** Removes all containers, ends the daemon, and holds against the host that nothing is left. */
    @Override
    public void close() {
        try {
            removeContainers();
            awaitNoTraces();
            killDaemon();
            Await.until(
                    "all processes of the node to end",
                    CLEAN_UP,
                    () -> traces().processes().isEmpty(),
                    () -> String.join("\n", traces().processes()));
        } catch (RuntimeException | AssertionError e) {
            Evidence.gather(this, "close-" + home.getFileName());
            throw e;
        } finally {
            demolish();
        }
    }

    private void removeContainers() {
        if (!Files.exists(home.resolve("run"))) {
            return;
        }
        List<String> ids = run("ps", "-aq").lines();
        if (!ids.isEmpty()) {
            run(Stream.concat(Stream.of("rm", "-f"), ids.stream()).toArray(String[]::new));
        }
    }

    /** By force what is not there after a good end, and what a daemon leaves for its successor: bridge and rules. */
    private void demolish() {
        Stream.concat(Processes.ofVms(home).stream(), Processes.withEnvironment("HAKO_HOME", home.toString()).stream())
                .distinct()
                .forEach(Processes::kill);
        Traces.mountsBelow(home)
                .reversed()
                .forEach(path -> Command.of("umount", "-l", path).run());
        for (String link : traces().taps()) {
            Command.of("ip", "link", "del", link.replaceFirst("^link ", "").replaceFirst("@.*", ""))
                    .run();
        }
        for (String table : traces().packetFilterTables()) {
            List<String> line = new ArrayList<>(List.of("nft", "delete", "table"));
            line.addAll(List.of(table.split(" ")));
            Command.of(line).run();
        }
        if (traces().bridgeExists()) {
            Command.of("ip", "link", "del", bridge()).run();
        }
        Temporary.delete(home);
    }

    private static int freeSubnet() {
        String taken = Command.of("ip", "-o", "addr").run().out();
        while (true) {
            int number = ThreadLocalRandom.current().nextInt(1, 16 * 256);
            if (!taken.contains("10.%d.%d.".formatted(200 + (number >> 8), number & 0xff))) {
                return number;
            }
        }
    }
}
