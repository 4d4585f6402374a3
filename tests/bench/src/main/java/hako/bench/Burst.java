package hako.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Many sandboxes asked for at once, against as many booted one after another. */
final class Burst implements Benchmark {
    private static final int SANDBOXES = 20;

    @Override
    public String name() {
        return "a burst of sandboxes";
    }

    @Override
    public List<Row> run(Setup setup) {
        Node node = setup.node();
        node.makeTemplates();
        List<Double> coldStarts = new ArrayList<>();
        try (Node cold = Node.cold(setup.tools())) {
            cold.remove(cold.detached("warm", "sleep", "100000"));
            for (int i = 0; i < setup.rounds(10); i++) {
                coldStarts.add(time(() -> cold.detached("cold", "sleep", "100000")));
                cold.remove("cold");
            }
        }
        Series one = new Series("a cold start", Unit.MILLISECONDS, coldStarts);
        List<Double> bursts = new ArrayList<>();
        for (int i = 0; i < setup.rounds(3) && i < 3; i++) {
            bursts.add(time(() -> atOnce(node)));
            node.remove(names());
        }
        Series burst = new Series(SANDBOXES + " at once", Unit.MILLISECONDS, bursts);
        Series ratio = new Series(
                "burst / cold",
                Unit.RATIO,
                bursts.stream().map(took -> took / (SANDBOXES * one.median())).toList());
        return List.of(Row.of(Promise.BURST, ratio, burst, one));
    }

    private static double time(Runnable action) {
        long began = System.nanoTime();
        action.run();
        return (System.nanoTime() - began) / 1e6;
    }

    private static void atOnce(Node node) {
        try (ExecutorService callers = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<String>> started = new ArrayList<>();
            for (String name : names()) {
                started.add(callers.submit(() -> node.detached(name, "sleep", "100000")));
            }
            for (Future<String> each : started) {
                each.get();
            }
        } catch (InterruptedException | java.util.concurrent.ExecutionException e) {
            throw new BenchmarkException("burst: " + e);
        }
    }

    private static String[] names() {
        String[] names = new String[SANDBOXES];
        for (int i = 0; i < SANDBOXES; i++) {
            names[i] = "burst" + i;
        }
        return names;
    }
}
