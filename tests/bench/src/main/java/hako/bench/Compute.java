package hako.bench;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The same computations in a guest and in a container of runc; where there is no runc, on the host itself. */
final class Compute implements Benchmark {
    private static final Map<String, Tally.Question> QUESTIONS = Map.of(
            "integer", question("integer", "computing with integers (100 million dependent steps)"),
            "float", question("float", "computing with floating point (20 million dependent steps)"),
            "system-calls", question("system-calls", "system calls (300,000)"),
            "memory", question("memory", "memory used for the first time (64 MB)"),
            "processes", question("processes", "processes started (30)"));

    private static Tally.Question question(String key, String what) {
        return new Tally.Question("cpu-" + key, what, Unit.MILLISECONDS);
    }

    @Override
    public String name() {
        return "computing";
    }

    @Override
    public boolean isPromised() {
        return false;
    }

    @Override
    public List<Row> run(Setup setup) {
        Node node = setup.node();
        Optional<Rival> runc = setup.rivals().working(Rival.RUNC);
        Tally tally = new Tally();
        node.detached("computes", "sleep", "100000");
        try {
            for (int i = 0; i < setup.rounds(9); i++) {
                add(tally, "in a VM", node.hako("exec", "computes", "meter", "compute"));
                add(
                        tally,
                        runc.isPresent() ? "runc" : "on the host",
                        Execution.of(
                                Map.of(),
                                runc.map(rival -> rival.runLine("meter", "compute"))
                                        .orElseGet(() ->
                                                List.of(setup.tools().meter().toString(), "compute"))));
            }
        } finally {
            node.remove("computes");
        }
        return tally.rows();
    }

    private static void add(Tally tally, String contender, String output) {
        Meter.results(output).forEach((name, result) -> {
            Tally.Question question = QUESTIONS.get(name);
            if (question == null) {
                throw new BenchmarkException("meter measured something unknown: " + name);
            }
            tally.add(question, contender, result.in(Unit.MILLISECONDS));
        });
    }
}
