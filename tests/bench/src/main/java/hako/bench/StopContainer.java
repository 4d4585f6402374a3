package hako.bench;

import java.util.ArrayList;
import java.util.List;

/** {@code hako stop} of a container that ends on SIGTERM, from the command's start to its own end. */
final class StopContainer implements Benchmark {
    private static final String OBEYS = "trap 'exit 0' TERM; echo ready; while :; do sleep 1000 & wait $!; done";

    @Override
    public String name() {
        return "hako stop";
    }

    @Override
    public List<Row> run(Setup setup) {
        Node node = setup.node();
        List<Double> times = new ArrayList<>();
        for (int round = 0; round < setup.rounds(15); round++) {
            node.detached("obeys", "sh", "-c", OBEYS);
            node.awaitLog("obeys", "ready");
            List<Series> stop = new Pace(setup.tools(), node.environment())
                    .with("hako stop", node.line("stop", "obeys"))
                    .run(1, 0);
            times.addAll(stop.getFirst().values());
            node.remove("obeys");
        }
        return List.of(Row.of(Promise.STOP, new Series("hako stop", Unit.MILLISECONDS, times)));
    }
}
