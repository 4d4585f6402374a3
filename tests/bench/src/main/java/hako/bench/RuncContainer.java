package hako.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** The same root filesystem in a plain container, by runc or crun: what there is without a VM. */
final class RuncContainer implements AutoCloseable {
    private final String runtime;
    private final Path folder;
    private final List<String> options;

    private RuncContainer(String runtime, Path folder, List<String> options) {
        this.runtime = runtime;
        this.folder = folder;
        this.options = options;
    }

    static RuncContainer runc(Tools tools) {
        return new RuncContainer("runc", tools.folder().resolve("runc"), List.of()).prepare(tools);
    }

    /** It refuses the mixed cgroup hierarchies of some hosts, and runs without. */
    static RuncContainer crun(Tools tools) {
        return new RuncContainer("crun", tools.folder().resolve("crun"), List.of("--cgroup-manager=disabled"))
                .prepare(tools);
    }

    private RuncContainer prepare(Tools tools) {
        bundle("once", tools.busyboxRoot(), "\"true\"");
        bundle("stays", tools.busyboxRoot(), "\"sleep\", \"100000\"");
        return this;
    }

    /** Whether it can run anything on this host. */
    boolean works() {
        return Execution.attempt(Map.of(), runLine()).code() == 0;
    }

    List<String> runLine() {
        return line("run", "--bundle", folder.resolve("once").toString(), "hako-bench-once");
    }

    List<String> execLine() {
        return line("exec", "hako-bench-stays", "true");
    }

    /** The container that {@link #execLine} needs. */
    RuncContainer start() {
        close();
        try {
            // its output must not be a pipe of ours: it would be held open
            Process process = new ProcessBuilder(line(
                            "run", "-d", "--bundle", folder.resolve("stays").toString(), "hako-bench-stays"))
                    .redirectErrorStream(true)
                    .redirectOutput(folder.resolve("log").toFile())
                    .redirectInput(Path.of("/dev/null").toFile())
                    .start();
            if (process.waitFor() != 0) {
                throw new BenchmarkException(runtime + ": " + Files.readString(folder.resolve("log")));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new BenchmarkException("interrupted");
        }
        return this;
    }

    @Override
    public void close() {
        Execution.attempt(Map.of(), line("delete", "--force", "hako-bench-stays"));
    }

    private List<String> line(String... words) {
        List<String> line = new java.util.ArrayList<>(
                List.of(runtime, "--root", folder.resolve("state").toString()));
        line.addAll(options);
        line.addAll(List.of(words));
        return line;
    }

    private void bundle(String name, Path root, String arguments) {
        Path bundle = folder.resolve(name);
        String configuration = """
                {"ociVersion": "1.0.2",
                 "process": {"user": {"uid": 0, "gid": 0}, "args": [%s], "env": ["PATH=/bin"], "cwd": "/"},
                 "root": {"path": "%s", "readonly": true},
                 "hostname": "bench",
                 "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"},
                  {"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", "mode=755"]},
                  {"destination": "/dev/pts", "type": "devpts", "source": "devpts",
                   "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"]}],
                 "linux": {"namespaces": [{"type": "pid"}, {"type": "network"}, {"type": "ipc"}, {"type": "uts"},
                  {"type": "mount"}]}}
                """.formatted(arguments, root);
        try {
            Files.createDirectories(bundle);
            Files.writeString(bundle.resolve("config.json"), configuration);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
