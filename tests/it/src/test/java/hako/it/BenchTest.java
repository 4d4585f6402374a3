package hako.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** {@code hako bench}, on its smallest rows. */
@VmTest
class BenchTest {
    /** Two do not measure at once: it may have to wait for another's end. */
    private static final Duration PATIENCE = Duration.ofMinutes(5);

    @RegisterExtension
    static final SharedNode shared = SharedNode.create();

    private final HakoNode node = shared.node();
    private final Path output = Temporary.folder("bench");

    @AfterEach
    void deleteOutput() {
        Temporary.delete(output);
    }

    private Command bench(String... words) {
        List<String> line = new ArrayList<>(List.of("bench", "--quick", "--output", output.toString()));
        line.addAll(List.of(words));
        return node.hako(line.toArray(String[]::new)).within(PATIENCE);
    }

    /** The benchmark's own process, and what it has started. */
    private List<Long> benchmarks() {
        return Processes.withCommandLine("hako.bench.Main --output " + output);
    }

    @Test
    void writesWhatItMeasuredAndLeavesNothing() {
        // When
        Result result = bench("version").run();

        // Then
        Json report = Json.parse(Temporary.read(output.resolve("results.json")));
        List<Json> rows = report.at("rows").items();
        assertThat(rows).extracting(row -> row.at("key").text()).containsExactly("version", "ps", "runtime-version");
        for (Json row : rows) {
            Json ours = row.at("series.0");
            assertThat(ours.at("unit").text()).isEqualTo("ms");
            assertThat(ours.at("values").items()).hasSize(60);
            assertThat(Double.parseDouble(ours.at("median").text()))
                    .isBetween(0.01, 1000.0)
                    .isBetween(
                            Double.parseDouble(ours.at("p10").text()),
                            Double.parseDouble(ours.at("p90").text()));
        }
        boolean kept = rows.stream().allMatch(row -> row.at("holds").truth());
        result.exits(kept ? 0 : 1);
        assertThat(report.at("circumstances.accelerator").text()).isNotEmpty();
        assertThat(result.out()).contains("hako ps, process start to exit");
        assertThat(Temporary.read(output.resolve("results.md"))).contains("| `hako ps`");
        assertThat(Temporary.read(output.resolve("index.html"))).contains("<svg");
        assertThat(benchmarks()).isEmpty();
    }

    @Test
    void anotherRuntimeIsMeasuredAndOneThatIsMissingIsToldAndLeftOut() {
        // Given
        String runc = Command.of("sh", "-c", "command -v runc").run().ok().out().strip();

        // When
        Result result = bench("--runtime", "other=" + runc, "--runtime", "missing=/no/such/runtime", "hako exec")
                .run();

        // Then
        assertThat(result.exitCode()).as(result.toString()).isIn(0, 1);
        assertThat(result.err())
                .contains("bench: missing is left out: there is no program /no/such/runtime; give the path");
        Json report = Json.parse(Temporary.read(output.resolve("results.json")));
        assertThat(report.at("rows.0.series").items())
                .extracting(series -> series.at("name").text())
                .contains("hako exec", "runc exec", "other exec")
                .doesNotContain("missing exec");
        assertThat(report.at("circumstances.missing").text()).startsWith("not measured: ");
    }

    /** By a containerd of the benchmark's own, which it starts and ends. */
    @Test
    void aRuntimeOfContainerdIsMeasured() {
        // When
        Result result = bench("--containerd-runtime", "io.containerd.runc.v2", "hako exec")
                .run();

        // Then
        assertThat(result.exitCode()).as(result.toString()).isIn(0, 1);
        Json report = Json.parse(Temporary.read(output.resolve("results.json")));
        assertThat(report.at("rows.0.series").items())
                .extracting(series -> series.at("name").text())
                .contains("io.containerd.runc.v2 exec");
        assertThat(benchmarks()).isEmpty();
    }

    @Test
    void aWrongCallIsRefusedBeforeAnythingIsMeasured() {
        bench("nosuch").run().exits(2);
        assertThat(bench("--runtime", "kata").run().exits(2).err()).contains("should be NAME=PATH");
        assertThat(bench("--containerd-runtime", "kata").run().exits(2).err()).contains("should be a type");
        assertThat(bench("--fast").run().exits(125).err()).contains("unknown flag: --fast");
        assertThat(output).isEmptyDirectory();
    }

    @Test
    void endsWithItsCallerAndLeavesNothing() {
        try (Running running = bench("hako stop").start()) {
            // Given
            Await.until(
                    "the benchmark to measure",
                    PATIENCE,
                    () -> running.err().text().contains("bench: hako stop"),
                    running.err()::text);
            long benchmark = benchmarks().getFirst();
            List<Path> work = workOf(benchmark);
            assertThat(work).isNotEmpty();

            // When
            running.signal("KILL");

            // Then
            Await.until("the benchmark to end", HakoNode.CLEAN_UP, () -> !Processes.isAlive(benchmark));
            assertThat(workOf(benchmark)).isEmpty();
            assertThat(Processes.withCommandLine(work.getFirst().toString())).isEmpty();
        }
    }

    @Test
    void endsWithItsDaemonAndLeavesNothing() {
        try (Running running = bench("hako stop").start()) {
            // Given
            Await.until(
                    "the benchmark to measure",
                    PATIENCE,
                    () -> running.err().text().contains("bench: hako stop"),
                    running.err()::text);
            long benchmark = benchmarks().getFirst();

            // When
            node.killDaemon();

            // Then
            Await.until("the benchmark to end", HakoNode.CLEAN_UP, () -> !Processes.isAlive(benchmark));
            assertThat(workOf(benchmark)).isEmpty();
        }
    }

    /** Its folder, which bears its pid. */
    private static List<Path> workOf(long benchmark) {
        try (var all = Files.list(Path.of("/var/tmp"))) {
            return all.filter(path -> path.getFileName().toString().startsWith("hkb" + benchmark + "-"))
                    .toList();
        } catch (java.io.IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
