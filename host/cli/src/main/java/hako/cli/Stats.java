package hako.cli;

import hako.base.HakoException;
import hako.door.Option;
import hako.sandbox.Container;
import hako.sandbox.ContainerState;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** {@code hako stats}. */
final class Stats extends Verb {
    private static final long PERIOD_MS = 1000;
    /** Between the two samples that the use of CPU is told from, where only one table is wanted. */
    private static final long FIRST_PERIOD_MS = 500;

    /** Cursor home, erase below it (ECMA-48, CUP and ED). */
    private static final String CLEAR = "\u001b[H\u001b[J";

    private final Option<Boolean> once = options().flag("no-stream", "One table, not one each second");
    private final Option<Boolean> full = options().flag("no-trunc", "Do not cut anything short");
    private final Option<Format> format = Format.option(options());

    Stats() {
        super("stats", "[CONTAINER...]", "Show what containers use", 0, MANY);
    }

    @Override
    int run(Call call, List<String> arguments) throws InterruptedException {
        Map<String, StatsSample> before = sample(containers(call, arguments));
        Thread.sleep(FIRST_PERIOD_MS);
        while (true) {
            List<Container> containers = containers(call, arguments);
            Map<String, StatsSample> now = sample(containers);
            show(call, rows(containers, before, now));
            if (once.value() || call.out().checkError() || !arguments.isEmpty() && now.isEmpty()) {
                return SUCCESS;
            }
            before = now;
            Thread.sleep(PERIOD_MS);
        }
    }

    private void show(Call call, List<StatsRow> rows) {
        boolean redraw = !once.value() && call.caller().stdoutIsTerminal();
        format.value()
                .print(
                        call.out(),
                        () -> (redraw ? CLEAR : "") + StatsRow.table(rows, full.value()),
                        rows.stream().map(StatsRow::json).toList());
        call.out().flush();
    }

    private static List<Container> containers(Call call, List<String> names) {
        if (!names.isEmpty()) {
            return names.stream().map(call::container).toList();
        }
        return call.services().sandboxes().containers().stream()
                .filter(c -> c.state() instanceof ContainerState.Running || c.state() instanceof ContainerState.Paused)
                .toList();
    }

    private static List<StatsRow> rows(
            List<Container> containers, Map<String, StatsSample> before, Map<String, StatsSample> now) {
        List<StatsRow> rows = new ArrayList<>();
        for (Container container : containers) {
            StatsSample sample = now.get(container.id());
            rows.add(new StatsRow(container.id(), container.name(), before.get(container.id()), sample));
        }
        return rows;
    }

    /** All at once; one that has ended, or does not answer, has none. */
    private static Map<String, StatsSample> sample(List<Container> containers) throws InterruptedException {
        Map<String, StatsSample> samples = new HashMap<>();
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
        try {
            Map<String, Future<StatsSample>> waited = new HashMap<>();
            for (Container container : containers) {
                waited.put(container.id(), threads.submit(() -> StatsSample.of(container)));
            }
            for (Map.Entry<String, Future<StatsSample>> entry : waited.entrySet()) {
                try {
                    samples.put(entry.getKey(), entry.getValue().get());
                } catch (ExecutionException e) {
                    if (!(e.getCause() instanceof HakoException)) {
                        throw new IllegalStateException(e.getCause());
                    }
                }
            }
        } finally {
            threads.shutdownNow();
        }
        return samples;
    }
}
