package hako.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/**
 * A program with runc's command line, and bundles for it.
 *
 * @param folder for its bundles and its state
 * @param mend what to do where it is not there
 */
record OciRival(String name, String program, List<String> options, Path root, Path folder, String mend)
        implements Rival {
    private static final String ONCE = "hako-bench-once";
    private static final String IDLE = "hako-bench-idle";

    static OciRival runc(Tools tools) {
        return new OciRival(RUNC, RUNC, List.of(), tools.root(), tools.work().resolve(RUNC), "install runc");
    }

    /** It refuses the mixed cgroup hierarchies of some hosts, and runs without. */
    static OciRival crun(Tools tools) {
        return new OciRival(
                CRUN,
                CRUN,
                List.of("--cgroup-manager=disabled"),
                tools.root(),
                tools.work().resolve(CRUN),
                "install crun");
    }

    static OciRival named(Tools tools, Arguments.NamedRuntime runtime) {
        return new OciRival(
                runtime.name(),
                runtime.program(),
                List.of(),
                tools.root(),
                tools.work().resolve("runtime-" + runtime.name()),
                "give the path of the program to --runtime " + runtime.name() + "=");
    }

    @Override
    public String obstacle() {
        if (Execution.find(program).isEmpty()) {
            return "there is no program %s; %s".formatted(program, mend);
        }
        Execution.Finished tried = Execution.attempt(runLine("true"));
        return tried.code() == 0
                ? ""
                : "it runs no container here: "
                        + tried.errors().lines().reduce((_, last) -> last).orElse("exit code " + tried.code());
    }

    @Override
    public String version() {
        return Circumstances.firstLine(program, "--version");
    }

    @Override
    public List<String> runLine(String... command) {
        Path bundle = bundle(String.join("-", command).replaceAll("[^A-Za-z0-9.-]", "_"), command);
        return line("run", "--bundle", bundle.toString(), ONCE);
    }

    @Override
    public List<String> execLine() {
        return line("exec", IDLE, "true");
    }

    @Override
    public void startIdle() {
        stopIdle();
        Path bundle = bundle(IDLE, "sleep", "100000");
        Execution.leaving(line("run", "-d", "--bundle", bundle.toString(), IDLE), folder.resolve("log"));
    }

    @Override
    public void stopIdle() {
        if (Execution.find(program).isPresent()) {
            Execution.attempt(line("delete", "--force", IDLE));
            Execution.attempt(line("delete", "--force", ONCE));
        }
    }

    private List<String> line(String... words) {
        List<String> line = new ArrayList<>(
                List.of(program, "--root", folder.resolve("state").toString()));
        line.addAll(options);
        line.addAll(List.of(words));
        return line;
    }

    private Path bundle(String name, String... command) {
        Path bundle = folder.resolve(name);
        String arguments = Arrays.stream(command).map("\"%s\""::formatted).collect(Collectors.joining(", "));
        String configuration = """
                {"ociVersion": "1.0.2",
                 "process": {"user": {"uid": 0, "gid": 0}, "args": [%s], "env": ["PATH=/bin:/usr/bin"], "cwd": "/"},
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
            return bundle;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
