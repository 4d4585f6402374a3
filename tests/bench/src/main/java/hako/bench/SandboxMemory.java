package hako.bench;

import java.time.Duration;
import java.util.List;

/**
 * Host memory of one idle sandbox with 256 MB for its container: all its processes, and where in them it goes. Two more sandboxes run meanwhile, as on any node that is in use, so that what they share is
 * shared.
 */
final class SandboxMemory implements Benchmark {
    private static final Duration SETTLED = Duration.ofSeconds(3);
    private static final double MIB = 1 << 20;

    private Footprint footprint = Footprint.NONE;

    @Override
    public String name() {
        return "the memory of a sandbox";
    }

    /** Of the last {@link #run}. */
    Footprint footprint() {
        return footprint;
    }

    @Override
    public List<Row> run(Setup setup) {
        Node node = setup.node();
        long daemonBefore = ProcFiles.pss(node.daemon());
        String alone = start(node, "alone");
        Node.pause(SETTLED);
        double daemon = Math.max(0, ProcFiles.pss(node.daemon()) - daemonBefore) / MIB;
        footprint = Footprint.of(node.processes(alone));
        double single = footprint.megabytes() + daemon;
        start(node, "second");
        start(node, "third");
        Node.pause(SETTLED);
        double among = node.megabytes(alone);
        node.remove("alone", "second", "third");
        Series judged = Series.of("alone on its host", Unit.MEGABYTES, single);
        return List.of(Row.of(Promise.SANDBOX, judged, judged, Series.of("one of three", Unit.MEGABYTES, among)));
    }

    private static String start(Node node, String name) {
        return node.hako("run", "-d", "--name", name, "-m", "256m", Node.IMAGE, "sleep", "100000")
                .strip();
    }
}
