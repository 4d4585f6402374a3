package hako.bench;

import java.util.ArrayList;
import java.util.List;

/** {@code hako run … true} in a VM that waited for it, against runc. Between rounds the pool fills again, unmeasured. */
final class PoolRun implements Benchmark {
    @Override
    public String name() {
        return "hako run, from the pool";
    }

    @Override
    public List<Row> run(Setup setup) {
        RuncContainer runc = RuncContainer.runc(setup.tools());
        if (!runc.works()) {
            return List.of();
        }
        List<Double> ours = new ArrayList<>();
        List<Double> theirs = new ArrayList<>();
        try (Node node = Node.pool(setup.tools())) {
            node.hako("run", "--rm", Node.IMAGE, "true");
            for (int i = 0; i < setup.rounds(15); i++) {
                node.awaitPool();
                Pace pace = new Pace(setup.tools(), node.environment())
                        .with("hako run, from the pool", node.line("run", "--rm", Node.IMAGE, "true"))
                        .with("runc run", runc.runLine());
                List<Series> once = pace.run(1, 0);
                ours.addAll(once.get(0).values());
                theirs.addAll(once.get(1).values());
            }
        }
        Series mine = new Series("hako run, from the pool", Unit.MILLISECONDS, ours);
        Series other = new Series("runc run", Unit.MILLISECONDS, theirs);
        return List.of(Row.of(Promise.POOL_RUN, mine.over(other), mine, other));
    }
}
