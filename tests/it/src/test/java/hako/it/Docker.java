package hako.it;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * Docker's own daemon below a folder and in a network namespace of the test's, so that its bridge and its rules are nobody
 * else's, with {@code hako-runtime} of a node for its runtime. Threads: any.
 */
final class Docker implements AutoCloseable {
    static final String IMAGE = "busybox:test";

    private static final Duration PATIENCE = Duration.ofSeconds(40);

    /** The one that came with the daemon. */
    private static final Path CLIENT = Command.program("dockerd").resolveSibling("docker");

    private final Path folder = Temporary.folder("dk");
    private final Running daemon;

    Docker(HakoNode node) {
        this(node, PATIENCE);
    }

    Docker(HakoNode node, Duration patience) {
        Path config = Temporary.write(folder.resolve("daemon.json"), """
                {
                  "data-root": "%1$s/root",
                  "exec-root": "%1$s/exec",
                  "pidfile": "%1$s/pid",
                  "hosts": ["unix://%1$s/s"],
                  "storage-driver": "overlay2",
                  "init-path": "%3$s",
                  "runtimes": {"hako": {"path": "%2$s"}},
                  "default-runtime": "hako"
                }
                """.formatted(
                        folder, node.runtimeProgram(), CProgram.compile("init.c", folder, "init")));
        daemon = Command.of("unshare", "--net", "sh", "-c", "ip link set lo up && exec dockerd --config-file " + config)
                .start();
        try {
            daemon.serves(
                    "dockerd",
                    patience,
                    () -> Files.exists(folder.resolve("s"))
                            && docker("version").run().exitCode() == 0);
        } catch (RuntimeException | Error e) {
            removeFolder();
            throw e;
        }
        docker("import", Build.busybox().toString(), IMAGE).run().ok();
    }

    Command docker(String... arguments) {
        List<String> line = new ArrayList<>(List.of(CLIENT.toString(), "-H", "unix://" + folder + "/s"));
        line.addAll(List.of(arguments));
        return Command.of(line);
    }

    Result run(String... arguments) {
        return docker(arguments).run();
    }

    void removeContainers() {
        List<String> ids = run("ps", "-aq").ok().lines();
        if (!ids.isEmpty()) {
            List<String> line = new ArrayList<>(List.of("rm", "-f"));
            line.addAll(ids);
            run(line.toArray(String[]::new)).ok();
        }
    }

    /** What an HTTP server says, seen from where Docker's networks are. */
    String get(String address, int port) {
        return Page.read("/proc/%d/ns/net".formatted(daemon.pid()), address, port);
    }

    /** A program where Docker's networks are. */
    Running start(String... line) {
        List<String> all = new ArrayList<>(List.of("nsenter", "--net=/proc/%d/ns/net".formatted(daemon.pid())));
        all.addAll(List.of(line));
        return Command.of(all).start();
    }

    @Override
    public void close() {
        daemon.endDaemon();
        removeFolder();
    }

    private void removeFolder() {
        Traces.mountsBelow(folder)
                .reversed()
                .forEach(path -> Command.of("umount", "-l", path).run());
        Temporary.delete(folder);
    }
}
