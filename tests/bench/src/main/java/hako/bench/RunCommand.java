package hako.bench;

import java.util.ArrayList;
import java.util.List;

/**
 * {@code hako run … true}: a VM booted for it, against the bare VMM on the same machine line, and a VM cloned for it, against
 * runc.
 */
final class RunCommand implements Benchmark {
    @Override
    public String name() {
        return "hako run, cold and cloned";
    }

    @Override
    public List<Row> run(Setup setup) {
        Node node = setup.node();
        node.hako("factory", "init");
        try (Node cold = Node.cold(setup.tools())) {
            return compare(setup, node, cold);
        }
    }

    private static List<Row> compare(Setup setup, Node node, Node cold) {
        RuncContainer runc = RuncContainer.runc(setup.tools());
        RuncContainer crun = RuncContainer.crun(setup.tools());
        Pace pace = new Pace(setup.tools(), node.environment())
                .with("hako run, cold", cold.foreignLine("run", "--rm", Node.IMAGE, "true"))
                .until("bare VMM to PID 1", BareVmm.PID_1, BareVmm.saying(cold, setup.tools()))
                .with("hako run, cloned", node.line("run", "--rm", Node.IMAGE, "true"));
        if (runc.works()) {
            pace.with("runc run", runc.runLine());
        }
        if (crun.works()) {
            pace.with("crun run", crun.runLine());
        }
        List<Series> series = pace.run(setup.rounds(20), 2);
        List<Series> others = series.subList(3, series.size());
        List<Row> rows = new ArrayList<>();
        rows.add(Row.of(Promise.COLD_RUN, series.get(0).over(series.get(1)), series.get(0), series.get(1)));
        if (!others.isEmpty()) {
            List<Series> beside = new ArrayList<>(List.of(series.get(2)));
            beside.addAll(others);
            rows.add(
                    Row.of(Promise.TEMPLATE_RUN, series.get(2).over(others.getFirst()), beside.toArray(Series[]::new)));
        }
        return rows;
    }
}
