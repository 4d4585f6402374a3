package hako.bench;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * {@code ./dev bench [--quick | --contract] [NAME]...}: measures, prints and writes the table, and fails when a promise is broken;
 * with {@code --contract}, in few rounds, when something is worse than its limit ({@link Promise#limit}).
 */
public final class Main {
    private static final int BROKEN = 1;
    private static final int FAILED = 2;

    private Main() {}

    public static void main(String[] arguments) {
        List<String> words = new ArrayList<>(List.of(arguments));
        boolean contract = words.remove("--contract");
        boolean quick = words.remove("--quick") || contract;
        Path build = Path.of(Optional.ofNullable(System.getenv("HAKO_BUILD")).orElse("build"));
        try {
            System.exit(measure(Tools.in(build), quick, contract, words) ? 0 : BROKEN);
        } catch (BenchmarkException e) {
            System.err.println("bench: " + e.getMessage());
            System.exit(FAILED);
        }
    }

    /** @param only the benchmarks whose names have one of these words in them; none: all */
    private static boolean measure(Tools tools, boolean quick, boolean contract, List<String> only) {
        SandboxMemory sandbox = new SandboxMemory();
        List<Benchmark> benchmarks = List.of(
                new RunCommand(),
                new PoolRun(),
                new Burst(),
                new ExecCommand(),
                new NoOp(),
                new StopContainer(),
                new AgentFootprint(),
                new DaemonMemory(),
                new DoorStepMemory(),
                sandbox,
                new CloneMemory(),
                new Crowd());
        tools.pace();
        try (Node node = Node.usual(tools)) {
            Setup setup = new Setup(tools, node, quick);
            Circumstances circumstances = Circumstances.now(setup);
            circumstances.add("accelerator", Circumstances.accelerator(BareVmm.saying(node, tools)));
            List<Row> rows = new ArrayList<>();
            for (Benchmark benchmark : benchmarks) {
                if (only.isEmpty() || only.stream().anyMatch(benchmark.name()::contains)) {
                    System.err.println("bench: " + benchmark.name());
                    List<Row> measured = benchmark.run(setup);
                    if (contract && !measured.stream().allMatch(Row::keepsLimit)) {
                        System.err.println("bench: worse than it was; once more, in all rounds");
                        measured = benchmark.run(new Setup(tools, node, false));
                    }
                    rows.addAll(measured);
                }
            }
            circumstances.add("load after", Circumstances.load());
            Report report = new Report(circumstances.facts(), rows, sandbox.parts());
            Path folder = tools.build().resolve("bench");
            report.write(folder);
            System.out.println(report.markdown());
            System.err.println("bench: written to " + folder.toAbsolutePath().normalize());
            rows.stream()
                    .filter(row -> !row.holds())
                    .forEach(row -> System.err.println("bench: BROKEN: %s: %s, at most %s"
                            .formatted(
                                    row.what(),
                                    row.judged().text(),
                                    row.promise() == null ? "" : row.promise().bound())));
            if (!contract) {
                return report.holds();
            }
            rows.stream()
                    .filter(row -> !row.keepsLimit())
                    .forEach(row -> System.err.println("bench: WORSE than it was: %s: %s"
                            .formatted(row.what(), row.judged().text())));
            return rows.stream().allMatch(Row::keepsLimit);
        }
    }
}
