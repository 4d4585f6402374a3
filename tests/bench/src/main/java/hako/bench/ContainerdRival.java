package hako.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A runtime that containerd starts, by way of {@code ctr} and a containerd of the benchmark's own: root, state and socket are
 * its own, and so are its containers. It runs from {@link #obstacle} to {@link #close}.
 */
final class ContainerdRival implements Rival {
    private static final String ONCE = "hako-bench-once";
    private static final String IDLE = "hako-bench-idle";
    private static final String PATH = "PATH=/bin:/usr/bin";
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private final String type;
    private final Path root;
    private final Path folder;
    private Remains.@Nullable Held daemon;

    ContainerdRival(Tools tools, String type) {
        this.type = type;
        this.root = tools.root();
        this.folder = tools.work().resolve("containerd-" + type);
    }

    @Override
    public String name() {
        return type;
    }

    @Override
    public String obstacle() {
        if (Execution.find("containerd").isEmpty() || Execution.find("ctr").isEmpty()) {
            return "there is no containerd with its ctr; install containerd";
        }
        startDaemon();
        Execution.Finished tried = Execution.attempt(runLine("true"));
        return tried.code() == 0
                ? ""
                : "it runs no container here: "
                        + tried.errors().lines().reduce((_, last) -> last).orElse("exit code " + tried.code());
    }

    private void startDaemon() {
        Path configuration = folder.resolve("config.toml");
        try {
            Files.createDirectories(folder);
            Files.writeString(configuration, """
                    version = 2
                    root = "%1$s/root"
                    state = "%1$s/state"
                    disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt"]
                    [grpc]
                      address = "%1$s/socket"
                    """.formatted(folder));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Path log = folder.resolve("log");
        Process process = Execution.background(List.of("containerd", "-c", configuration.toString()), log);
        daemon = Remains.hold(() -> end(process));
        Node.await(
                "containerd to serve (" + log + ")",
                PATIENCE,
                () -> process.isAlive() && Execution.attempt(ctr("version")).code() == 0);
    }

    private void end(Process process) {
        stopIdle();
        remove(ONCE);
        process.destroy();
        process.onExit().join();
    }

    @Override
    public String version() {
        return "by " + Circumstances.firstLine("containerd", "--version");
    }

    @Override
    public List<String> runLine(String... command) {
        List<String> line = ctr("run", "--rm", "--rootfs", "--env", PATH, "--runtime", type, root.toString(), ONCE);
        line.addAll(List.of(command));
        return line;
    }

    @Override
    public List<String> execLine() {
        return ctr("task", "exec", "--exec-id", "bench", IDLE, "true");
    }

    @Override
    public void startIdle() {
        Execution.leaving(
                ctr(
                        "run",
                        "-d",
                        "--rootfs",
                        "--env",
                        PATH,
                        "--runtime",
                        type,
                        root.toString(),
                        IDLE,
                        "sleep",
                        "100000"),
                folder.resolve("idle.log"));
    }

    @Override
    public void stopIdle() {
        remove(IDLE);
    }

    private void remove(String id) {
        Execution.attempt(ctr("task", "delete", "--force", id));
        Execution.attempt(ctr("container", "delete", id));
    }

    @Override
    public void close() {
        if (daemon != null) {
            daemon.close();
        }
    }

    private List<String> ctr(String... words) {
        List<String> line = new ArrayList<>(
                List.of("ctr", "--address", folder.resolve("socket").toString(), "--namespace", "bench"));
        line.addAll(List.of(words));
        return line;
    }
}
