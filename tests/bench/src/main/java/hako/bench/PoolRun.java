package hako.bench;

import java.util.ArrayList;
import java.util.List;

/** {@code hako run … true} in a VM that waited for it, against runc and others. Between rounds the pool fills again, unmeasured. */
final class PoolRun implements Benchmark {
    @Override
    public String name() {
        return "hako run, from the pool";
    }

    @Override
    public List<Row> run(Setup setup) {
        List<Series> all = new ArrayList<>();
        try (Node node = Node.pool(setup.tools())) {
            node.hako("run", "--rm", Node.IMAGE, "true");
            for (int i = 0; i < setup.rounds(15); i++) {
                node.awaitPool();
                Pace pace = new Pace(setup.tools(), node.environment())
                        .with("hako run, from the pool", node.line("run", "--rm", Node.IMAGE, "true"));
                for (Rival rival : setup.rivals().working()) {
                    pace.with(rival.name() + " run", rival.runLine("true"));
                }
                all = Series.joined(all, pace.run(1, 0));
            }
        }
        return List.of(setup.rivals().judged(Promise.POOL_RUN, all));
    }
}
