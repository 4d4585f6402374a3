package hako.bench;

import java.util.ArrayList;
import java.util.List;

/** {@code hako run … true}, a VM booted for it, against the bare VMM on the same machine line. */
final class ColdRun implements Benchmark {
    @Override
    public String name() {
        return "hako run, cold";
    }

    @Override
    public List<Row> run(Setup setup) {
        Node node = setup.node();
        List<String> bare = BareVmm.saying(node, setup.tools());
        Pace pace = new Pace(setup.tools(), node.environment())
                .with("hako run", node.line("run", "--rm", Node.IMAGE, "true"))
                .until("bare VMM to PID 1", BareVmm.PID_1, bare);
        RuncContainer runc = RuncContainer.runc(setup.tools());
        RuncContainer crun = RuncContainer.crun(setup.tools());
        if (runc.works()) {
            pace.with("runc run", runc.runLine());
        }
        if (crun.works()) {
            pace.with("crun run", crun.runLine());
        }
        List<Series> series = pace.run(setup.rounds(20), 2);
        List<Row> rows = new ArrayList<>();
        rows.add(Row.of(Promise.COLD_RUN, series.get(0).over(series.get(1)), series.toArray(Series[]::new)));
        return rows;
    }
}
