package hako.bench;

import java.util.List;

/** The commands that do next to nothing, against the least that crun can do. A container runs meanwhile. */
final class NoOp implements Benchmark {
    @Override
    public String name() {
        return "hako version, hako ps";
    }

    @Override
    public List<Row> run(Setup setup) {
        Node node = setup.node();
        node.detached("listed", "sleep", "100000");
        List<Series> series = new Pace(setup.tools(), node.environment())
                .with("hako version", node.line("version"))
                .with("hako ps", node.line("ps"))
                .with("crun's no-op", List.of("crun", "--version"))
                .with("runc's no-op", List.of("runc", "--version"))
                .run(setup.rounds(300), 50);
        node.remove("listed");
        Series crun = series.get(2);
        return List.of(
                Row.of(Promise.VERSION, series.get(0).over(crun), series.get(0), crun, series.get(3)),
                Row.of(Promise.PS, series.get(1).over(crun), series.get(1), crun, series.get(3)));
    }
}
