package hako.bench;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** The daemon's memory: a fresh one that has answered a few commands, then with more and more sandboxes. */
final class DaemonMemory implements Benchmark {
    private static final Duration SETTLED = Duration.ofSeconds(2);
    private static final double MIB = 1 << 20;
    private static final double KIB = 1 << 10;

    @Override
    public String name() {
        return "the daemon's memory";
    }

    @Override
    public List<Row> run(Setup setup) {
        Node node = setup.node();
        node.restart();
        for (int i = 0; i < 10; i++) {
            node.hako("ps", "-a");
        }
        Node.pause(SETTLED);
        Series idle = Series.of("hakod, fresh", Unit.MEGABYTES, ProcFiles.pss(node.daemon()) / MIB);
        for (int i = 0; i < 3; i++) { // whatever is made once is made: classes, code, the young generation
            node.hako("run", "--rm", Node.IMAGE, "true");
            node.hako("stats", "--no-stream");
        }
        int sandboxes = setup.quick() ? 3 : 8;
        List<String> names = new ArrayList<>();
        long before = settled(node);
        for (int i = 0; i < sandboxes; i++) {
            names.add("idle" + i);
            node.detached("idle" + i, "sleep", "100000");
        }
        long after = settled(node);
        node.remove(names.toArray(String[]::new));
        Series used = Series.of("hakod, used", Unit.MEGABYTES, before / MIB);
        Series each =
                Series.of("for each of " + sandboxes, Unit.KILOBYTES, Math.max(0, (after - before) / KIB / sandboxes));
        return List.of(Row.of(Promise.DAEMON_IDLE, used, used, idle), Row.of(Promise.DAEMON_PER_SANDBOX, each));
    }

    /** After a collection: what is held, not what was thrown away. */
    private static long settled(Node node) {
        Node.pause(SETTLED);
        long pid = node.daemon();
        String jcmd = System.getProperty("java.home") + "/bin/jcmd";
        Execution.attempt(Map.of(), List.of(jcmd, Long.toString(pid), "GC.run"));
        Node.pause(SETTLED);
        return ProcFiles.pss(pid);
    }
}
