package hako.bench;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** A hundred idle sandboxes: each answers, and together they cost little. Not in few rounds: it takes a minute. */
final class Crowd implements Benchmark {
    private static final int SANDBOXES = 100;
    private static final int AT_A_TIME = 4;
    private static final Duration SETTLED = Duration.ofSeconds(5);
    private static final Duration WATCHED = Duration.ofSeconds(10);

    @Override
    public String name() {
        return "a hundred idle sandboxes";
    }

    @Override
    public List<Row> run(Setup setup) {
        if (setup.quick()) {
            return List.of(Row.leftOut("crowd", Promise.CROWD.what(), "it takes a minute: not with --quick"));
        }
        Node node = setup.node();
        node.makeTemplates();
        List<String> ids = all(i -> node.detached("crowd" + i, "sleep", "100000"));
        all(i -> node.hako("exec", "crowd" + i, "true"));
        Node.pause(SETTLED);
        double memory = Footprint.of(
                        ids.stream().flatMap(id -> node.processes(id).stream()).toList())
                .megabytes();
        List<Long> vmms = ids.stream().map(node::vmm).toList();
        long before = cpuMillis(vmms);
        Node.pause(WATCHED);
        double cores = (double) (cpuMillis(vmms) - before) / WATCHED.toMillis();
        node.remove(ids.toArray(String[]::new));
        Series idle = Series.of("all of them", Unit.RATIO, cores);
        return List.of(Row.of(Promise.CROWD, idle, idle, Series.of("memory, together", Unit.MEGABYTES, memory)));
    }

    private interface Step {
        String of(int number);
    }

    private static List<String> all(Step step) {
        try (ExecutorService callers = Executors.newFixedThreadPool(AT_A_TIME)) {
            List<Future<String>> results = new ArrayList<>();
            for (int i = 0; i < SANDBOXES; i++) {
                int number = i;
                results.add(callers.submit(() -> step.of(number)));
            }
            List<String> texts = new ArrayList<>();
            for (Future<String> result : results) {
                texts.add(result.get());
            }
            return texts;
        } catch (InterruptedException | ExecutionException e) {
            throw new BenchmarkException("a hundred sandboxes: " + e);
        }
    }

    /** User and system time of the VMMs (fields 14 and 15 of proc(5) stat, in hundredths of a second). */
    private static long cpuMillis(List<Long> vmms) {
        long ticks = 0;
        for (long vmm : vmms) {
            String stat = ProcFiles.read(vmm, "stat");
            String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
            ticks += Long.parseLong(fields[11]) + Long.parseLong(fields[12]);
        }
        return ticks * 10;
    }
}
