package hako.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** A guest fills memory and frees it: whether the host has it again. Before, it has done the same with one megabyte. */
final class ReturnedMemory implements Benchmark {
    private static final int MEGABYTES = 200;
    private static final Duration SETTLED = Duration.ofSeconds(3);
    private static final Duration PATIENCE = Duration.ofSeconds(10);
    private static final Duration BETWEEN_LOOKS = Duration.ofMillis(250);

    private final List<Double> before = new ArrayList<>();
    private final List<Double> filled = new ArrayList<>();
    private final List<Double> after = new ArrayList<>();
    private final List<Double> took = new ArrayList<>();

    @Override
    public String name() {
        return "memory that comes back";
    }

    @Override
    public List<Row> run(Setup setup) {
        List.of(before, filled, after, took).forEach(List::clear);
        for (int i = 0; i < (setup.quick() ? 1 : 3); i++) {
            String id = setup.node().detached("fills", "sleep", "100000");
            try {
                round(setup.node(), id);
            } catch (IOException e) {
                throw new BenchmarkException("fill memory in a guest: " + e.getMessage());
            } finally {
                setup.node().remove("fills");
            }
        }
        Series now = new Series("%d s after, or sooner".formatted(PATIENCE.toSeconds()), Unit.MEGABYTES, after);
        Series then = new Series("before", Unit.MEGABYTES, before);
        return List.of(Row.of(
                Promise.RETURNED,
                now.over(then),
                now,
                then,
                new Series("with %d MB filled".formatted(MEGABYTES), Unit.MEGABYTES, filled),
                new Series("watched for", Unit.MILLISECONDS, took)));
    }

    private void round(Node node, String id) throws IOException {
        fill(node, 1, () -> {}, () -> {}); // the code that does it is translated, and it is not what is measured
        Node.pause(SETTLED);
        double idle = node.megabytes(id);
        before.add(idle);
        fill(node, MEGABYTES, () -> filled.add(node.megabytes(id)), () -> watch(node, id, idle));
    }

    private static void fill(Node node, int megabytes, Runnable whileFull, Runnable onceFreed) throws IOException {
        ProcessBuilder builder =
                new ProcessBuilder(node.line("exec", "-i", "fills", "meter", "fill", Integer.toString(megabytes)));
        builder.environment().putAll(node.environment());
        Process meter = Remains.start(builder);
        try (BufferedReader said = meter.inputReader()) {
            expect("full", said);
            whileFull.run();
            meter.outputWriter().append('\n').flush();
            expect("freed", said);
            onceFreed.run();
        } finally {
            meter.destroy();
        }
    }

    private static void expect(String word, BufferedReader said) throws IOException {
        String line = said.readLine();
        if (!word.equals(line)) {
            throw new BenchmarkException("meter should say %s, and said %s".formatted(word, line));
        }
    }

    /** Until all of it is back, or patience is over. */
    private void watch(Node node, String id, double idle) {
        long began = System.nanoTime();
        double now;
        long passed;
        do {
            Node.pause(BETWEEN_LOOKS);
            now = node.megabytes(id);
            passed = System.nanoTime() - began;
        } while (now > 1.05 * idle && passed < PATIENCE.toNanos());
        after.add(now);
        took.add(passed / 1e6);
    }
}
