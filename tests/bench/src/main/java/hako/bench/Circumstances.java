package hako.bench;

import java.io.IOException;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Where and when it was measured, so that numbers of two runs are not compared that cannot be. */
final class Circumstances {
    private final Map<String, String> facts = new LinkedHashMap<>();

    static Circumstances now(Setup setup) {
        Circumstances now = new Circumstances();
        String cpu = ProcFiles.read(Path.of("/proc/cpuinfo"))
                .lines()
                .filter(line -> line.startsWith("model name"))
                .findFirst()
                .map(line -> line.replaceFirst(".*: ", ""))
                .orElse("unknown");
        now.add("when", Instant.now().truncatedTo(ChronoUnit.SECONDS).toString());
        now.add("processor", "%d x %s".formatted(Runtime.getRuntime().availableProcessors(), cpu));
        now.add(
                "host kernel",
                ProcFiles.read(Path.of("/proc/sys/kernel/osrelease")).strip());
        now.add(
                "guest kernel",
                setup.node().hako("run", "--rm", Node.IMAGE, "uname", "-r").strip());
        now.add("accelerator", accelerator(BareVmm.saying(setup.node(), setup.tools())));
        now.add("QEMU", firstLine("qemu-system-x86_64", "--version"));
        for (Rival rival : setup.rivals().working()) {
            now.add(rival.name(), rival.version());
        }
        setup.rivals().obstacles().forEach((name, why) -> now.add(name, "not measured: " + why));
        now.add("files", filesystem(setup.tools().work()));
        now.add("load before", load());
        now.add("rounds", setup.quick() ? "few (--quick)" : "full");
        return now;
    }

    void add(String name, String value) {
        facts.put(name, value);
    }

    /** Fact by name, in order. */
    Map<String, String> facts() {
        return facts;
    }

    static String load() {
        return ProcFiles.read(Path.of("/proc/loadavg"))
                .replaceFirst("^(\\S+ \\S+ \\S+).*", "$1")
                .strip();
    }

    /** What QEMU was told of the processor, marked where it is emulated. */
    private static String accelerator(List<String> vmmLine) {
        int at = vmmLine.indexOf("-accel");
        String accelerator = at < 0 ? "unknown" : vmmLine.get(at + 1);
        return accelerator.startsWith("tcg") ? "software emulation (" + accelerator + ")" : accelerator;
    }

    static String firstLine(String... line) {
        return Execution.attempt(List.of(line)).output().lines().findFirst().orElse("unknown");
    }

    /** Where the measured files are. */
    private static String filesystem(Path folder) {
        try {
            FileStore store = Files.getFileStore(folder);
            return "%s on %s".formatted(store.type(), store.name());
        } catch (IOException e) {
            return "unknown";
        }
    }
}
