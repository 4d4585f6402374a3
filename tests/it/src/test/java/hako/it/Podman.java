package hako.it;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Podman with storage below a folder of the test's, and {@code hako-runtime} of a node for its runtime. Threads: any. */
final class Podman implements AutoCloseable {
    static final String IMAGE = "localhost/busybox:test";

    private final Path folder = Temporary.folder("pod");
    private final Path config;
    private final Path runtime;

    Podman(HakoNode node) {
        runtime = node.runtimeProgram();
        // Limits that a container may have here, where the kernel gives no more.
        config = Temporary.write(folder.resolve("containers.conf"), """
                [containers]
                default_ulimits = ["nofile=1024:4096", "nproc=4096:4096"]
                [engine]
                events_logger = "file"
                cgroup_manager = "cgroupfs"
                """);
        run("import", "-q", Build.busybox().toString(), IMAGE).ok();
    }

    Command podman(String... arguments) {
        return command(List.of(), arguments);
    }

    private Command command(List<String> before, String... arguments) {
        List<String> line = new ArrayList<>(before);
        line.addAll(List.of(
                "podman",
                "--root",
                folder + "/root",
                "--runroot",
                folder + "/run",
                "--tmpdir",
                folder + "/tmp",
                "--network-config-dir",
                folder + "/networks",
                "--storage-driver",
                "vfs",
                "--runtime",
                runtime.toString()));
        line.addAll(List.of(arguments));
        return Command.of(line)
                .with("CONTAINERS_CONF", config.toString())
                // Podman 5 says a word on it on every call's standard error.
                .with("PODMAN_IGNORE_CGROUPSV1_WARNING", "1");
    }

    /** With networks in a namespace instead of among the host's. */
    Result runIn(String namespace, String... arguments) {
        return command(List.of("nsenter", "--net=" + namespace), arguments).run();
    }

    Result run(String... arguments) {
        return podman(arguments).run();
    }

    @Override
    public void close() {
        run("rm", "--all", "--force");
        Traces.mountsBelow(folder)
                .reversed()
                .forEach(path -> Command.of("umount", "-l", path).run());
        Temporary.delete(folder);
    }
}
