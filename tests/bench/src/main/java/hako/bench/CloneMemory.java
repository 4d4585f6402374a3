package hako.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** Host memory of idle sandboxes cloned from one template, whose own memory is counted with theirs. */
final class CloneMemory implements Benchmark {
    private static final int SANDBOXES = 20;
    private static final Duration SETTLED = Duration.ofSeconds(3);
    private static final double MIB = 1 << 20;
    private static final int BLOCK_BYTES = 512;

    private Footprint footprint = Footprint.NONE;

    /** Of one, on average, in the last {@link #run}. */
    Footprint footprint() {
        return footprint;
    }

    @Override
    public String name() {
        return "the memory of clones";
    }

    @Override
    public List<Row> run(Setup setup) {
        Node node = setup.node();
        node.hako("factory", "destroy"); // of other shapes, which were asked for before
        node.hako("factory", "init");
        double available = ProcFiles.number(ProcFiles.read(Path.of("/proc/meminfo")), "MemAvailable") / MIB;
        List<String> ids = new ArrayList<>();
        for (int i = 0; i < SANDBOXES; i++) {
            ids.add(node.detached("clone" + i, "sleep", "100000"));
        }
        Node.pause(SETTLED);
        Footprint together = Footprint.of(
                ids.stream().flatMap(id -> node.processes(id).stream()).toList());
        footprint = together.each(SANDBOXES);
        double all = together.megabytes();
        double template = template(node.daemon());
        node.remove(ids.toArray(String[]::new));
        Series each = Series.of("one of " + SANDBOXES, Unit.MEGABYTES, (all + template) / SANDBOXES);
        double room = (available - template) / (all / SANDBOXES);
        return List.of(
                Row.of(Promise.CLONE, each, each, Series.of("the templates, once, at most", Unit.MEGABYTES, template)),
                Row.shown(
                        "density",
                        "idle cloned sandboxes that have room in the free memory of this host",
                        Series.of("so many", Unit.COUNT, room),
                        Series.of("memory free before them", Unit.MEGABYTES, available)));
    }

    /** What lies in the daemon's memory files; where templates are shared, what clones map of them is counted there too. */
    private static double template(long daemon) {
        double bytes = 0;
        try (Stream<Path> open = Files.list(Path.of("/proc/" + daemon + "/fd"))) {
            for (Path fd : open.toList()) {
                if (Files.exists(fd) && Files.readSymbolicLink(fd).toString().contains("memfd:hako-template")) {
                    String blocks = Execution.of("stat", "-L", "-c", "%b", fd.toString())
                            .strip();
                    bytes += Double.parseDouble(blocks) * BLOCK_BYTES;
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes / MIB;
    }
}
