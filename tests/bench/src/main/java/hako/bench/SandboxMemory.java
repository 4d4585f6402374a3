package hako.bench;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Host memory of one idle sandbox with 256 MB for its container: all its processes by their proportional set sizes, and
 * where in them it goes. Two more sandboxes run meanwhile, as on any node that is in use, so that what they share is
 * shared.
 */
final class SandboxMemory implements Benchmark {
    private static final Duration SETTLED = Duration.ofSeconds(3);
    private static final double MIB = 1 << 20;
    private static final String TRANSLATED = "translated code";

    private final List<Part> parts = new ArrayList<>();

    @Override
    public String name() {
        return "the memory of a sandbox";
    }

    /** Of the last {@link #run}. */
    List<Part> parts() {
        return List.copyOf(parts);
    }

    @Override
    public List<Row> run(Setup setup) {
        Node node = setup.node();
        long daemonBefore = ProcFiles.pss(node.daemon());
        String alone = start(node, "alone");
        Node.pause(SETTLED);
        double daemon = Math.max(0, ProcFiles.pss(node.daemon()) - daemonBefore) / MIB;
        double single = node.megabytes(alone) + daemon;
        parts(node, alone);
        parts.add(new Part("hakod, grown by", daemon, false));
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

    private void parts(Node node, String id) {
        parts.clear();
        long vmm = node.vmm(id);
        Map<String, Long> sizes = new LinkedHashMap<>();
        String kind = "";
        for (String line : ProcFiles.read(vmm, "smaps").lines().toList()) {
            if (line.matches("[0-9a-f]+-[0-9a-f]+ .*")) {
                kind = kind(line);
            } else if (line.startsWith("Pss:")) {
                sizes.merge(kind, Long.parseLong(line.replaceAll("\\D", "")) << 10, Long::sum);
            }
        }
        sizes.entrySet().stream()
                .sorted(Map.Entry.<String, Long>comparingByValue().reversed())
                .forEach(size -> parts.add(new Part(
                        "QEMU: " + size.getKey(),
                        size.getValue() / MIB,
                        size.getKey().equals(TRANSLATED))));
        for (long pid : node.processes(id)) {
            if (pid != vmm) {
                String program = ProcFiles.commandLine(pid).getFirst();
                parts.add(new Part(program.substring(program.lastIndexOf('/') + 1), ProcFiles.pss(pid) / MIB, false));
            }
        }
    }

    /** Of a mapping, by its line in smaps: {@code addresses permissions offset device inode path}. */
    private static String kind(String line) {
        String[] words = line.split("\\s+", 6);
        String permissions = words[1];
        String path = words.length == 6 ? words[5] : "";
        if (path.contains("memfd:")) {
            return "the guest's memory, as far as it has touched it";
        }
        if (permissions.contains("w") && permissions.contains("x")) {
            return TRANSLATED;
        }
        if (path.startsWith("/")) {
            return path.contains(".so") ? "libraries" : "program and firmware";
        }
        return path.equals("[heap]") ? "heap (with the kernel's image, to be loaded)" : "other memory of its own";
    }
}
