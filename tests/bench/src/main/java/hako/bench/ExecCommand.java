package hako.bench;

import java.util.List;

/** {@code hako exec … true} against runc's, and others'. */
final class ExecCommand implements Benchmark {
    @Override
    public String name() {
        return "hako exec";
    }

    @Override
    public List<Row> run(Setup setup) {
        Node node = setup.node();
        List<Rival> rivals = setup.rivals().working();
        node.detached("exec-target", "sleep", "100000");
        try {
            Pace pace = new Pace(setup.tools(), node.environment())
                    .with("hako exec", node.line("exec", "exec-target", "true"));
            for (Rival rival : rivals) {
                rival.startIdle();
                pace.with(rival.name() + " exec", rival.execLine());
            }
            return List.of(setup.rivals().judged(Promise.EXEC, pace.run(setup.rounds(100), 10)));
        } finally {
            rivals.forEach(Rival::stopIdle);
            node.remove("exec-target");
        }
    }
}
