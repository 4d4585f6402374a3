package hako.bench;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * {@code hako bench}, {@code ./dev bench}: measures, prints and writes the report, and fails when a promise is broken; with
 * {@code --contract} when something is worse than its limit ({@link Promise#limit}).
 */
public final class Main {
    private static final int BROKEN = 1;
    private static final int FAILED = 2;

    /** Two that measure at once measure each other. */
    private static final Path LOCK = Path.of("/run/lock/hako-bench.lock");

    private Main() {}

    public static void main(String[] line) {
        if (List.of(line).contains("--help")) {
            System.out.println(Arguments.USAGE);
            return;
        }
        try {
            Arguments arguments = Arguments.parse(List.of(line));
            SandboxMemory booted = new SandboxMemory();
            CloneMemory cloned = new CloneMemory();
            List<Benchmark> benchmarks = arguments.choose(all(booted, cloned));
            Path install =
                    Path.of(Optional.ofNullable(System.getenv("HAKO_INSTALL")).orElse("build"));
            Remains.watch();
            try (FileChannel file = FileChannel.open(LOCK, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                    FileLock _ = alone(file)) {
                Measured measured = measure(arguments, benchmarks, install);
                Parts parts = new Parts(booted.footprint(), cloned.footprint());
                System.exit(tell(arguments, new Report(measured.circumstances(), measured.rows(), parts)) ? 0 : BROKEN);
            }
        } catch (BenchmarkException | IOException e) {
            if (!Remains.isBrokenOff()) { // else this is its consequence
                System.err.println("bench: " + e.getMessage());
            }
            System.exit(FAILED);
        }
    }

    private static List<Benchmark> all(SandboxMemory booted, CloneMemory cloned) {
        return List.of(
                new RunCommand(),
                new PoolRun(),
                new CloneStart(),
                new Burst(),
                new ExecCommand(),
                new NoOp(),
                new OciVerbs(),
                new StopContainer(),
                new AgentFootprint(),
                new DaemonMemory(),
                new DoorStepMemory(),
                booted,
                cloned,
                new ReturnedMemory(),
                new Crowd(),
                new Compute(),
                new Disk(),
                new Metadata(),
                new Network());
    }

    private static FileLock alone(FileChannel file) throws IOException {
        FileLock lock = file.tryLock();
        if (lock == null) {
            System.err.println("bench: another benchmark measures this host; waiting for its end");
            lock = file.lock();
        }
        return lock;
    }

    private static Tools swept(Tools tools) {
        tools.sweep();
        return tools;
    }

    private record Measured(Map<String, String> circumstances, List<Row> rows) {}

    private static Measured measure(Arguments arguments, List<Benchmark> benchmarks, Path install) {
        try (Tools tools = swept(Tools.in(install));
                Rivals rivals = Rivals.of(tools, arguments);
                Node node = Node.usual(tools)) {
            rivals.obstacles()
                    .forEach((name, why) -> System.err.println("bench: %s is left out: %s".formatted(name, why)));
            Setup setup = new Setup(tools, node, rivals, arguments.quick());
            Circumstances circumstances = Circumstances.now(setup);
            List<Row> rows = new ArrayList<>();
            for (Benchmark benchmark : benchmarks) {
                System.err.println("bench: " + benchmark.name());
                List<Row> measured = benchmark.run(setup);
                if (arguments.contract() && !measured.stream().allMatch(Row::keepsLimit)) {
                    System.err.println("bench: worse than it was; once more, in all rounds");
                    measured = benchmark.run(setup.thorough());
                }
                rows.addAll(measured);
            }
            circumstances.add("load after", Circumstances.load());
            return new Measured(circumstances.facts(), rows);
        }
    }

    /** Writes and prints it. @return whether all is well */
    private static boolean tell(Arguments arguments, Report report) {
        report.write(arguments.output());
        System.out.println(report.text());
        System.err.println(
                "bench: written to " + arguments.output().toAbsolutePath().normalize());
        return arguments.contract() ? keepsLimits(report.rows()) : report.holds();
    }

    private static boolean keepsLimits(List<Row> rows) {
        rows.stream()
                .filter(row -> !row.keepsLimit())
                .forEach(row ->
                        System.err.println("bench: WORSE than it was: %s: %s".formatted(row.what(), row.measured())));
        return rows.stream().allMatch(Row::keepsLimit);
    }
}
