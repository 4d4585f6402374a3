package hako.it;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Assumptions;

/**
 * A server of the kubelet's interface (CRI) with everything below a folder of the test's and a runtime handler {@code hako}, asked by
 * crictl. It lives in a network namespace that outlives it; pods are plugged into a bridge there. Threads: any.
 */
abstract class CriServer implements AutoCloseable {
    static final String IMAGE = "localhost/words:test";

    /** What keeps a pod's namespaces, and may end at once. */
    static final String PAUSE = "localhost/pause:test";

    private static final Duration PATIENCE = Duration.ofSeconds(40);

    private final Path folder = Temporary.folder("cri");
    private final Path runtime;
    private final Running network;
    private Running server;

    CriServer(HakoNode node) {
        Assumptions.assumeTrue(
                Command.has("crictl") && Command.has("crio"), "no crictl, no CRI-O: ./dev setup test says why");
        runtime = node.runtimeProgram();
        Temporary.write(folder.resolve("cni/bridge.conflist"), """
                {
                  "cniVersion": "0.4.0",
                  "name": "pods",
                  "plugins": [{
                    "type": "bridge",
                    "bridge": "pods0",
                    "isDefaultGateway": true,
                    "ipam": {
                      "type": "host-local",
                      "subnet": "10.77.0.0/24",
                      "dataDir": "%s/addresses"
                    }
                  }]
                }
                """.formatted(folder));
        Temporary.write(folder.resolve("crictl.yaml"), """
                runtime-endpoint: unix://%1$s
                image-endpoint: unix://%1$s
                timeout: 60
                """.formatted(socket()));
        network = Command.of("unshare", "--net", "sh", "-c", "ip link set lo up && echo up && exec sleep 100000")
                .start()
                .says("up");
        configure();
        try {
            server = serve();
        } catch (RuntimeException | Error e) {
            network.close();
            throw e;
        }
        load(IMAGE, TestImages.layout(folder.resolve("words"), "words\n"));
        load(
                PAUSE,
                TestImages.layout(folder.resolve("pause"), "", "sh", "-c", "trap exit TERM INT; sleep 100000 & wait"));
    }

    /** Writes its configuration. */
    abstract void configure();

    /** The program with its arguments. */
    abstract List<String> line();

    /** Makes an image of an OCI layout one of its own. */
    abstract void load(String image, Path layout);

    /** What it says of a container that ended with 8 while it was away. */
    long codeOfOneThatEndedMeanwhile() {
        return 8;
    }

    Path folder() {
        return folder;
    }

    Path runtime() {
        return runtime;
    }

    String socket() {
        return folder + "/s";
    }

    /** All pods are below it. */
    String cgroup() {
        return "/hako-it-" + folder.getFileName();
    }

    private Running serve() {
        Running started = here(line()).start();
        started.serves(
                line().getFirst(),
                PATIENCE,
                () -> Files.exists(Path.of(socket())) && crictl("version").exitCode() == 0);
        return started;
    }

    /** In its network namespace. */
    private Command here(List<String> words) {
        List<String> all = new ArrayList<>(List.of("nsenter", "--net=" + networkNamespace()));
        all.addAll(words);
        return Command.of(all);
    }

    String networkNamespace() {
        return "/proc/%d/ns/net".formatted(network.pid());
    }

    Command command(String... arguments) {
        List<String> all = new ArrayList<>(List.of("crictl", "--config", folder + "/crictl.yaml"));
        all.addAll(List.of(arguments));
        return here(all);
    }

    Result crictl(String... arguments) {
        return command(arguments).run();
    }

    /** With a terminal for its streams. */
    Running atTerminal(String... arguments) {
        List<String> words = new ArrayList<>(List.of("crictl", "--config", folder + "/crictl.yaml"));
        words.addAll(List.of(arguments));
        return here(List.of("script", "-qefc", String.join(" ", words), "/dev/null"))
                .openInput()
                .start();
    }

    /** {@code kill -9}, and another one, after something else. */
    void restart(Runnable meanwhile) {
        Processes.kill(server.pid());
        meanwhile.run();
        server = serve();
    }

    CriPod pod(String name, CriPod.Share share) {
        return CriPod.run(this, name, share, "");
    }

    void removePods() {
        List<String> containers = crictl("ps", "-q").ok().lines();
        if (!containers.isEmpty()) {
            List<String> line = new ArrayList<>(List.of("stop", "-t", "0"));
            line.addAll(containers);
            crictl(line.toArray(String[]::new)).ok();
        }
        crictl("rmp", "--all", "--force").ok();
    }

    @Override
    public void close() {
        server.endDaemon();
        network.close();
        Traces.mountsBelow(folder)
                .reversed()
                .forEach(path -> Command.of("umount", "-l", path).run());
        // Where the host has not mounted a hierarchy, CRI-O makes plain folders with files.
        Command.of(
                        "sh",
                        "-c",
                        "find /sys/fs/cgroup -depth -path '*%s*' \\( -type d -o -fstype tmpfs \\) -delete"
                                .formatted(cgroup()))
                .run();
        Temporary.delete(folder);
    }
}
