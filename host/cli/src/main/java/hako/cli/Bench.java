package hako.cli;

import hako.base.HakoException;
import hako.door.CallSignals;
import hako.door.Option;
import hako.doorstep.Caller;
import hako.linux.PidFd;
import hako.linux.Spawn;
import hako.linux.Spawned;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * {@code hako bench}. The benchmark is a program of its own (tests/bench), since it measures a daemon from outside; this one only
 * starts it, with the caller's streams, and ends it with the caller.
 */
final class Bench extends Verb {
    private static final int STDOUT = 1;
    private static final int STDERR = 2;

    /** Where the programs are that it needs and a plain user's PATH does not have. */
    private static final String SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    private final Option<Boolean> quick = options().flag("quick", "In few rounds: is it about right?");
    private final Option<List<String>> runtimes =
            options().list("runtime", "NAME=PATH", "Beside this OCI runtime, too (runc's command line)");
    private final Option<List<String>> containerdRuntimes = options()
            .list("containerd-runtime", "TYPE", "Beside this runtime of containerd, too: io.containerd.kata.v2");
    private final Option<String> output =
            options().text("output", 'o', "DIR", "Where results.md, results.json, index.html go (default hako-bench)");

    Bench() {
        super(
                "bench",
                "[WORD...]",
                "Measure this host's time, memory, disk and network beside runc; WORD: only what has it in its name",
                0,
                MANY);
    }

    /** @return 0; 1 when a promise is not kept; 2 when something could not be measured */
    @Override
    int run(Call call, List<String> words) throws InterruptedException {
        Caller caller = call.caller();
        if (!caller.sharesFiles()) {
            throw HakoException.user(
                    HakoException.Code.UNSUPPORTED,
                    "bench: the caller has other files than the daemon; call it on the host, outside of any container");
        }
        List<String> line = line(call.services().install(), caller, words);
        Map<Integer, Integer> streams = Map.of(
                STDOUT, caller.stdoutFd().number(), STDERR, caller.stderrFd().number());
        try (Spawned program = Spawn.start(line, environment(call), null, streams, true)) {
            try {
                call.signals().handTo(new ToProgram(program));
            } catch (InterruptedException e) {
                program.signal(PidFd.SIGTERM);
            }
            return program.await(null);
        }
    }

    /** They are the program's. */
    private record ToProgram(Spawned program) implements CallSignals.Target {
        @Override
        public void signal(int number) {
            program.signal(number);
        }

        @Override
        public void gone() {
            program.signal(PidFd.SIGTERM);
        }
    }

    private List<String> line(Path install, Caller caller, List<String> words) {
        Path jars = install.resolve("lib");
        Path program = jars.resolve("bench/hako-bench.jar");
        if (!Files.exists(program)) {
            throw HakoException.user(
                    HakoException.Code.NOT_FOUND,
                    "bench: there is no %s; install Hako again (./dev install)".formatted(program));
        }
        List<String> line = new ArrayList<>(List.of(
                System.getProperty("java.home") + "/bin/java",
                "-Xmx256m",
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-cp",
                program + ":" + jars + "/*",
                "hako.bench.Main"));
        line.addAll(List.of(
                "--output",
                caller.path(output.value().isEmpty() ? "hako-bench" : output.value())
                        .toString()));
        if (quick.value()) {
            line.add("--quick");
        }
        runtimes.value().forEach(runtime -> line.addAll(List.of("--runtime", runtime)));
        containerdRuntimes.value().forEach(type -> line.addAll(List.of("--containerd-runtime", type)));
        line.addAll(words);
        return line;
    }

    private static Map<String, String> environment(Call call) {
        Map<String, String> caller = call.caller().environment();
        Map<String, String> environment = new HashMap<>();
        environment.put("PATH", caller.getOrDefault("PATH", "") + ":" + SYSTEM_PATH);
        environment.put("HOME", "/root");
        environment.put("LC_ALL", "C.UTF-8");
        environment.put("HAKO_INSTALL", call.services().install().toString());
        return environment;
    }
}
