package hako.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import hako.agent.v1.LinkStats;
import hako.agent.v1.StatsResponse;
import hako.door.Json;
import hako.image.Digest;
import hako.network.PortMapping;
import hako.sandbox.ContainerRecord;
import hako.sandbox.ContainerState;
import hako.sandbox.ExitReport;
import hako.spec.ProcessSpec;
import hako.spec.RuntimeSpec;
import hako.vm.HostCheck.Fact;
import hako.vm.HostCheck.Status;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** What ps, stats, inspect, check and pull show. */
class RowsTest {
    private static final Instant NOW = FakeServices.NOW;
    private static final String ID = "0123456789ab".repeat(5) + "cdef";

    private static ContainerRecord record(String... command) {
        ProcessSpec process = new ProcessSpec(
                false, null, null, List.of(command), List.of("A=b"), "/", null, List.of(), null, null, null, null);
        RuntimeSpec spec = new RuntimeSpec(
                RuntimeSpec.VERSION,
                new RuntimeSpec.Root("rootfs", false),
                process,
                "web",
                null,
                List.of(),
                null,
                Map.of(),
                null);
        return new ContainerRecord(
                1,
                ID,
                "web",
                ID,
                "hako/busybox",
                "sha256:00",
                spec,
                "",
                false,
                false,
                15,
                Map.of("tier", "front"),
                "bridge",
                "web",
                List.of(PortMapping.parse("8080:80")),
                NOW.minusSeconds(120),
                new ContainerRecord.StateRecord("running", NOW, 0, Instant.EPOCH, false, ""));
    }

    private static ContainerRow row(ContainerState state, String... command) {
        return new ContainerRow(record(command), state, NOW);
    }

    @Test
    void aRunningContainerIsListedAsDockerListsIt() {
        ContainerRow row = row(new ContainerState.Running(NOW.minusSeconds(3)), "sh", "-c", "while :; do :; done");
        assertThat(ContainerRow.table(List.of(row), false)).isEqualTo("""
                CONTAINER ID   IMAGE          COMMAND                CREATED         STATUS         PORTS                  NAMES
                0123456789ab   hako/busybox   "sh -c while :; do…"   2 minutes ago   Up 3 seconds   0.0.0.0:8080->80/tcp   web
                """);
    }

    @Test
    void eachStateHasItsWords() {
        assertThat(row(new ContainerState.Created(), "x").status()).isEqualTo("Created");
        assertThat(row(new ContainerState.Paused(NOW.minusSeconds(70)), "x").status())
                .isEqualTo("Up About a minute (Paused)");
        assertThat(row(stopped(0, false, ""), "x").status()).isEqualTo("Exited (0) 1 second ago");
        assertThat(row(stopped(137, true, ""), "x").status()).isEqualTo("Exited (137) 1 second ago (out of memory)");
        assertThat(row(stopped(137, false, "the VMM was killed"), "x").status())
                .isEqualTo("Exited (137) 1 second ago (failed)");
    }

    private static ContainerState stopped(int code, boolean oom, String reason) {
        return new ContainerState.Stopped(NOW, new ExitReport(code, NOW.minusSeconds(1), oom, reason));
    }

    @Test
    void inspectHasDockersShape() {
        var facts = ContainerFacts.of(record("sh", "-c", "id"), stopped(3, false, ""), "10.88.77.2", 0);
        String json = Json.line(facts);
        assertThat(json)
                .contains(
                        "\"Name\":\"/web\"",
                        "\"Path\":\"sh\",\"Args\":[\"-c\",\"id\"]",
                        "\"Status\":\"exited\",\"Running\":false",
                        "\"ExitCode\":3",
                        "\"Ports\":{\"80/tcp\":[{\"HostIp\":\"0.0.0.0\",\"HostPort\":\"8080\"}]}",
                        "\"IPAddress\":\"10.88.77.2\"",
                        "\"StopSignal\":\"SIGTERM\"");
    }

    @Test
    void useOfCpuIsWhatWasUsedBetweenTwoSamples() {
        StatsSample before = sample(1_000_000_000L, 0);
        StatsSample after = sample(3_000_000_000L, 1_000_000_000L);
        assertThat(after.cpuPercent(before)).isEqualTo(50.0);
        assertThat(StatsRow.table(List.of(new StatsRow(ID, "web", before, after)), false))
                .isEqualTo("""
                CONTAINER ID   NAME      CPU %     MEM USAGE / LIMIT   MEM %     NET I/O          BLOCK I/O     PIDS      VM MEM
                0123456789ab   web       50.00%    64MiB / 512MiB      12.50%    1.5kB / 2.25MB   8.19kB / 0B   3         140MiB
                """);
    }

    private static StatsSample sample(long nanos, long cpuNanos) {
        StatsResponse stats = StatsResponse.newBuilder()
                .setCpuUsageNs(cpuNanos)
                .setMemoryWorkingSetBytes(64L << 20)
                .setMemoryLimitBytes(512L << 20)
                .setPids(3)
                .setIoReadBytes(8192)
                .setIoWriteBytes(-5) // hostile: 2^64 - 5
                .addLinks(
                        LinkStats.newBuilder().setName("eth0").setRxBytes(1500).setTxBytes(2_250_000))
                .build();
        return StatsSample.of(stats, nanos, 140L << 20, 1L << 30);
    }

    @Test
    void aContainerThatDoesNotAnswerIsShownAsSuch() {
        assertThat(StatsRow.table(List.of(new StatsRow(ID, "web", null, null)), false))
                .contains("-- / --");
    }

    @Test
    void scriptsAskForMembersAsOfDocker() {
        var facts = ContainerFacts.of(record("sh"), stopped(3, false, ""), "10.88.77.2", 0);
        assertThat(new Template("{{.Name}}\\t{{ .State.ExitCode }} {{json .Args}} {{.Nope.Nope}}").render(facts))
                .isEqualTo("/web\t3 [] <no value>");
        assertThatThrownBy(() -> new Template("{{range .Mounts}}x{{end}}"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("{{.Member}}");
    }

    @Test
    void checkSaysWhatToDo() {
        List<Fact> facts = List.of(
                new Fact(
                        "accelerator",
                        Status.WARN,
                        "software emulation: there is no /dev/kvm",
                        "run on a host with KVM"),
                new Fact("qemu", Status.OK, "/usr/bin/qemu-system-x86_64", ""));
        assertThat(Check.text(facts)).isEqualTo("""
                warn  accelerator   software emulation: there is no /dev/kvm
                                    -> run on a host with KVM
                ok    qemu          /usr/bin/qemu-system-x86_64
                """);
        assertThat(Check.json(facts)).contains("\"status\": \"warn\"", "\"mend\": \"run on a host with KVM\"");
    }

    @Test
    void pullShowsABarOnATerminalAndLinesElsewhere() {
        Digest layer = Digest.of("sha256:" + "ab".repeat(32));
        assertThat(shown(layer, true)).contains("abababababab: Downloading [", ">", "500kB/1MB", "\u001b[1F");
        assertThat(shown(layer, false)).isEqualTo("abababababab: Downloading\nabababababab: Pull complete\n");
    }

    private static String shown(Digest layer, boolean terminal) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        PrintStream out = new PrintStream(bytes, true, StandardCharsets.UTF_8);
        try (PullProgress progress = new PullProgress(out, terminal)) {
            progress.layer(layer, hako.image.Progress.Step.DOWNLOADING, 500_000, 1_000_000);
            progress.layer(layer, hako.image.Progress.Step.DOWNLOADING, 600_000, 1_000_000);
            progress.layer(layer, hako.image.Progress.Step.DONE, 1_000_000, 1_000_000);
        }
        return bytes.toString(StandardCharsets.UTF_8);
    }
}
