package hako.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The commands that do next to nothing, against the least that crun can do. A container runs meanwhile. */
final class NoOp implements Benchmark {
    /** How many of the commands are ours, the first. */
    private static final int OURS = 3;

    @Override
    public String name() {
        return "hako version, hako ps, hako-runtime --version";
    }

    @Override
    public List<Row> run(Setup setup) {
        Node node = setup.node();
        node.detached("listed", "sleep", "100000");
        Pace pace = new Pace(setup.tools(), node.environment())
                .with("hako version", node.line("version"))
                .with("hako ps", node.line("ps"))
                .with("hako-runtime --version", List.of(setup.tools().runtime().toString(), "--version"));
        List<String> others = new ArrayList<>(List.of(Rival.CRUN, Rival.RUNC));
        others.removeIf(name -> Execution.find(name).isEmpty());
        others.forEach(name -> pace.with(name + "'s no-op", List.of(name, "--version")));
        List<Series> series = pace.run(setup.rounds(300), 50);
        node.remove("listed");
        Optional<Series> crun = others.contains(Rival.CRUN) ? Optional.of(series.get(OURS)) : Optional.empty();
        return List.of(
                row(Promise.VERSION, series.get(0), crun, series),
                row(Promise.PS, series.get(1), crun, series),
                row(Promise.RUNTIME_VERSION, series.get(2), crun, series));
    }

    private static Row row(Promise promise, Series ours, Optional<Series> crun, List<Series> all) {
        List<Series> beside = new ArrayList<>(List.of(ours));
        beside.addAll(all.subList(OURS, all.size()));
        return crun.map(its -> Row.of(promise, ours.over(its), beside.toArray(Series[]::new)))
                .orElseGet(() -> Row.unjudged(promise, "not judged: there is no crun; install crun", beside));
    }
}
