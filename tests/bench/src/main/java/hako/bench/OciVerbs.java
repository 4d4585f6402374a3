package hako.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * {@code hako-runtime} as whoever calls runc calls it, verb by verb, beside runc and crun: each of them is given the same bundles, in
 * turns. A shell makes two calls of {@code create} and {@code start}, for all alike.
 */
final class OciVerbs implements Benchmark {
    private static final Pattern PID = Pattern.compile("\"pid\": ?(\\d+)");

    @Override
    public String name() {
        return "hako-runtime's verbs";
    }

    @Override
    public List<Row> run(Setup setup) {
        List<OciRival> all = new ArrayList<>(List.of(OciRival.ours(setup.tools(), setup.node())));
        setup.rivals().working().forEach(rival -> {
            if (rival instanceof OciRival oci) {
                all.add(oci);
            }
        });
        try {
            List<Row> rows = new ArrayList<>(life(setup, all));
            rows.addAll(idle(setup, all));
            rows.add(kill(setup, all));
            return rows;
        } finally {
            all.forEach(OciRival::stopIdle);
        }
    }

    /** The container says one word and ends: its streams have, too, when it is deleted. */
    private static List<Row> life(Setup setup, List<OciRival> all) {
        Pace pace = new Pace(setup.tools(), setup.node().environment());
        all.forEach(runtime -> pace.until(runtime.name() + " create, start", "up", runtime.startLine("echo", "up")));
        all.forEach(runtime -> pace.with(runtime.name() + " delete", runtime.deleteLine()));
        List<Series> series = pace.run(setup.rounds(30), 3);
        return List.of(
                Row.shown(
                        "oci-start",
                        "`create` and `start` to the container's first output",
                        series.subList(0, all.size())),
                Row.shown("oci-delete", "`delete` of a stopped container", series.subList(all.size(), 2 * all.size())));
    }

    /** Of a container that runs, and the memory of what stays for it: of two, which share their program. */
    private static List<Row> idle(Setup setup, List<OciRival> all) {
        Pace exec = new Pace(setup.tools(), setup.node().environment());
        Pace state = new Pace(setup.tools(), setup.node().environment());
        for (OciRival runtime : all) {
            runtime.startIdle();
            exec.with(runtime.name() + " exec", runtime.execLine());
            state.with(runtime.name() + " state", runtime.stateLine());
        }
        Row execs = Row.shown("oci-exec", "`exec … true` in a running container", exec.run(setup.rounds(60), 5));
        Row states = Row.shown("oci-state", "`state` of a running container", state.run(setup.rounds(100), 10));
        OciRival ours = all.getFirst();
        OciRival second = ours.another();
        try {
            second.startIdle();
            List<Double> sizes = List.of(megabytes(ours), megabytes(second));
            Series kept = new Series("what stays for a container", Unit.MEGABYTES, sizes);
            return List.of(execs, states, Row.of(Promise.RUNTIME_DOOR_STEP, kept));
        } finally {
            second.stopIdle();
        }
    }

    private static double megabytes(OciRival runtime) {
        Matcher pid = PID.matcher(Execution.of(runtime.environment(), runtime.stateLine()));
        if (!pid.find()) {
            throw new BenchmarkException("no pid in the state of " + runtime.name());
        }
        return ProcFiles.pss(Long.parseLong(pid.group(1))) / (double) (1 << 20);
    }

    /** Whoever has the container's streams sees its end by theirs. */
    private static Row kill(Setup setup, List<OciRival> all) {
        List<Series> series = new ArrayList<>();
        for (int round = 0; round < setup.rounds(15); round++) {
            Pace pace = new Pace(setup.tools(), setup.node().environment());
            for (OciRival runtime : all) {
                runtime.startIdle();
                pace.with(runtime.name() + " kill", runtime.killLine());
            }
            series = Series.joined(series, pace.run(1, 0));
        }
        return Row.shown("oci-kill", "`kill` to the end of the container's streams", series);
    }
}
