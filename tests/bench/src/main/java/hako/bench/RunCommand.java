package hako.bench;

import java.util.ArrayList;
import java.util.List;

/**
 * {@code hako run … true}: a VM booted for it, against the bare VMM on the same machine line, and a VM cloned for it, against
 * runc and others. With a terminal nothing is prepared in the template, as for the first two containers of any kind.
 */
final class RunCommand implements Benchmark {
    @Override
    public String name() {
        return "hako run, cold and cloned";
    }

    @Override
    public List<Row> run(Setup setup) {
        Node node = setup.node();
        node.makeTemplates();
        try (Node cold = Node.cold(setup.tools())) {
            return compare(setup, node, cold);
        }
    }

    private static List<Row> compare(Setup setup, Node node, Node cold) {
        Pace pace = new Pace(setup.tools(), node.environment())
                .with("hako run, cold", cold.foreignLine("run", "--rm", Node.IMAGE, "true"))
                .until("bare VMM to PID 1", BareVmm.PID_1, BareVmm.saying(cold, setup.tools()))
                .with("hako run -t, cloned", node.line("run", "--rm", "-t", Node.IMAGE, "true"))
                .with("hako run, cloned", node.line("run", "--rm", Node.IMAGE, "true"));
        for (Rival rival : setup.rivals().working()) {
            pace.with(rival.name() + " run", rival.runLine("true"));
        }
        List<Series> series = pace.run(setup.rounds(20), 2);
        Series booted = series.get(0);
        Series bare = series.get(1);
        List<Row> rows = new ArrayList<>();
        rows.add(Row.of(Promise.COLD_RUN, booted.over(bare), booted, bare));
        rows.add(setup.rivals().judged(Promise.TEMPLATE_RUN, series.subList(3, series.size())));
        rows.add(Row.shown(
                "unprepared-run",
                "`hako run -t … true`, VM cloned from a template in which nothing is prepared",
                series.get(2)));
        return rows;
    }
}
