package hako.bench;

import java.util.List;

/** {@code hako exec … true} against runc's. */
final class ExecCommand implements Benchmark {
    @Override
    public String name() {
        return "hako exec";
    }

    @Override
    public List<Row> run(Setup setup) {
        Node node = setup.node();
        node.detached("exec-target", "sleep", "100000");
        try (RuncContainer runc = RuncContainer.runc(setup.tools()).start();
                RuncContainer crun = RuncContainer.crun(setup.tools())) {
            Pace pace = new Pace(setup.tools(), node.environment())
                    .with("hako exec", node.line("exec", "exec-target", "true"))
                    .with("runc exec", runc.execLine());
            if (crun.works()) {
                pace.with("crun exec", crun.start().execLine());
            }
            List<Series> series = pace.run(setup.rounds(100), 10);
            return List.of(Row.of(Promise.EXEC, series.get(0).over(series.get(1)), series.toArray(Series[]::new)));
        } finally {
            node.remove("exec-target");
        }
    }
}
