package hako.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * A program with runc's command line, and bundles for it.
 *
 * @param idle the name of its idle container
 * @param folder for its bundles and its state
 * @param mend what to do where it is not there
 */
record OciRival(
        String name,
        String program,
        Map<String, String> environment,
        List<String> options,
        String idle,
        Path root,
        Path folder,
        String mend)
        implements Rival {
    private static final String ONCE = "hako-bench-once";
    private static final String IDLE = "hako-bench-idle";

    OciRival(String name, String program, List<String> options, Path root, Path folder, String mend) {
        this(name, program, Map.of(), options, IDLE, root, folder, mend);
    }

    /** Ours. */
    static OciRival ours(Tools tools, Node node) {
        return new OciRival(
                "hako-runtime",
                tools.runtime().toString(),
                node.environment(),
                List.of(),
                IDLE,
                tools.root(),
                tools.work().resolve("hako-runtime"),
                "");
    }

    /** With an idle container of its own. */
    OciRival another() {
        return new OciRival(name, program, environment, options, idle + "-2", root, folder, mend);
    }

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
        Execution.Finished tried = Execution.attempt(environment, runLine("true"));
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
        return line("exec", idle, "true");
    }

    List<String> stateLine() {
        return line("state", idle);
    }

    /** A shell creates and starts a container, whose output is the shell's; it is left behind. */
    List<String> startLine(String... command) {
        Path bundle = bundle(ONCE, command);
        List<String> create = line("create", "--bundle", bundle.toString(), ONCE);
        return shell("%s && exec %s".formatted(String.join(" ", create), String.join(" ", line("start", ONCE))));
    }

    List<String> deleteLine() {
        return line("delete", ONCE);
    }

    /** A shell kills the idle container and ends when its streams have. */
    List<String> killLine() {
        String kill = String.join(" ", line("kill", idle, "KILL"));
        return shell("exec 3<%s; %s; read nothing <&3; true".formatted(streams(), kill));
    }

    private static List<String> shell(String script) {
        return List.of("sh", "-c", script);
    }

    /** A pipe that the idle container writes to. */
    private Path streams() {
        return folder.resolve(idle + ".pipe");
    }

    @Override
    public void startIdle() {
        stopIdle();
        Path bundle = bundle(idle, "sleep", "100000");
        if (!Files.exists(streams())) {
            Execution.of("mkfifo", streams().toString());
        }
        String run = String.join(" ", line("run", "-d", "--bundle", bundle.toString(), idle));
        Execution.leaving(environment, shell("exec %s 1<>%s".formatted(run, streams())), folder.resolve("log"));
    }

    @Override
    public void stopIdle() {
        if (Execution.find(program).isPresent()) {
            Execution.attempt(environment, line("delete", "--force", idle));
            Execution.attempt(environment, line("delete", "--force", ONCE));
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
