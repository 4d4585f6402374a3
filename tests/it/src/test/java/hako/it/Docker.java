package hako.it;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Docker's own daemon below a folder of the test's, with {@code hako-runtime} of a node for its runtime. Threads: any. */
final class Docker implements AutoCloseable {
    static final String IMAGE = "busybox:test";

    private static final Duration PATIENCE = Duration.ofSeconds(40);

    private final Path folder = Temporary.folder("dk");
    private final Running daemon;

    /** @param configuration more members of daemon.json, each with a comma before it */
    Docker(HakoNode node, String configuration) {
        Path config = Temporary.write(
                folder.resolve("daemon.json"), """
                {
                  "data-root": "%1$s/root",
                  "exec-root": "%1$s/exec",
                  "pidfile": "%1$s/pid",
                  "hosts": ["unix://%1$s/s"],
                  "storage-driver": "overlay2",
                  "runtimes": {"hako": {"path": "%2$s"}},
                  "default-runtime": "hako"%3$s
                }
                """.formatted(folder, node.runtimeProgram(), configuration));
        daemon = Command.of("dockerd", "--config-file", config.toString()).start();
        Await.until(
                "dockerd to serve",
                PATIENCE,
                () -> Files.exists(folder.resolve("s"))
                        && docker("version").run().exitCode() == 0,
                () -> daemon.err().text());
        docker("import", Build.busybox().toString(), IMAGE).run().ok();
    }

    /** Without networks of its own. */
    static Docker isolated(HakoNode node) {
        return new Docker(
                node, ", \"bridge\": \"none\", \"iptables\": false, \"ip-forward\": false, \"ip-masq\": false");
    }

    Command docker(String... arguments) {
        List<String> line = new ArrayList<>(List.of("/usr/bin/docker", "-H", "unix://" + folder + "/s"));
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

    Path folder() {
        return folder;
    }

    @Override
    public void close() {
        daemon.signal("TERM");
        daemon.await();
        daemon.close();
        Traces.mountsBelow(folder)
                .reversed()
                .forEach(path -> Command.of("umount", "-l", path).run());
        Temporary.delete(folder);
    }
}
