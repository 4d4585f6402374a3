package hako.it;

import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** {@code kill -9} of the daemon: containers do not notice, callers hardly, and the next daemon goes on where it was. */
@VmTest
class RecoveryTest {
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    @RegisterExtension
    static final SharedNode shared = SharedNode.create();

    private final HakoNode node = shared.node();

    @Test
    void aDetachedContainerIsAdoptedWithLogsExecAndStats() {
        // Given
        node.detached("kept", "sh", "-c", "echo before; until [ -e /go ]; do sleep 0.05; done; echo after; exit 6");
        awaitLog("kept", "before");
        List<Long> vmms = node.vmms();

        assertThat(vmms).isNotEmpty();

        // When
        node.killDaemon();

        // Then
        assertThat(node.run("logs", "kept").ok().out()).isEqualTo("before\n");
        assertThat(node.vmms()).isEqualTo(vmms);
        assertThat(node.status("kept")).isEqualTo("running");
        assertThat(node.run("stats", "--no-stream", "kept").ok().out()).contains("kept");
        node.run("exec", "kept", "touch", "/go").ok();
        node.awaitStatus("kept", "exited");
        assertThat(node.inspect("kept").at("State.ExitCode").number()).isEqualTo(6);
        assertThat(node.run("logs", "kept").ok().out()).isEqualTo("before\nafter\n");
        node.run("rm", "kept").ok();
    }

    @Test
    void theExitCodeOfAContainerThatEndedMeanwhileIsKnown() {
        // Given a container that ends while no daemon runs
        node.detached("ends-alone", "sh", "-c", "echo word; sleep 1; echo last word; exit 9");
        awaitLog("ends-alone", "word");

        // When
        node.killDaemon();
        Await.until("its end, by the clock of its own", Duration.ofSeconds(5), new Elapsed(Duration.ofMillis(1500)));

        // Then
        node.awaitStatus("ends-alone", "exited");
        assertThat(node.inspect("ends-alone").at("State.ExitCode").number()).isEqualTo(9);
        assertThat(node.run("logs", "ends-alone").ok().out()).isEqualTo("word\nlast word\n");
        node.run("rm", "ends-alone").ok();
    }

    @Test
    void whatIsWrittenWhileNoDaemonRunsIsNeitherLostNorRepeated() {
        // Given a container that writes a numbered line every few milliseconds
        node.detached(
                "writes",
                "sh",
                "-c",
                "i=0; while [ $i -lt 400 ]; do i=$((i+1)); echo $i; usleep 5000; done; sleep 1000");
        awaitLog("writes", "20\n");

        // When the daemon is killed again and again
        for (int i = 0; i < 4; i++) {
            node.killDaemon();
            node.run("ps").ok();
        }

        // Then
        awaitLog("writes", "400\n");
        List<String> lines = node.run("logs", "writes").lines();
        assertThat(lines)
                .containsExactlyElementsOf(IntStream.rangeClosed(1, 400)
                        .mapToObj(Integer::toString)
                        .toList());
        node.run("rm", "-f", "writes").ok();
    }

    @Test
    void aCallerInFrontGoesOnAsIfNothingHadHappened() {
        // Given
        String script = "i=0; while [ $i -lt 200 ]; do i=$((i+1)); echo $i; usleep 10000; done; exit 8";
        try (Running run =
                node.hako("run", "--rm", HakoNode.IMAGE, "sh", "-c", script).start()) {
            run.says("\n20\n");

            // When
            node.killDaemon();
            run.says("\n100\n");
            node.killDaemon();

            // Then
            Result result = run.await();
            assertThat(result.err()).isEmpty();
            assertThat(result.lines())
                    .containsExactlyElementsOf(IntStream.rangeClosed(1, 200)
                            .mapToObj(Integer::toString)
                            .toList());
            assertThat(result.exitCode()).isEqualTo(8);
        }
    }

    @Test
    void inputPassesWholeAcrossTheDeathOfTheDaemon() {
        // Given a caller whose container gives back what it is fed
        String words = IntStream.rangeClosed(1, 20_000)
                .mapToObj(i -> "word " + i + "\n")
                .collect(joining());
        int third = words.length() / 3;
        try (Running run = node.hako("run", "--rm", "-i", HakoNode.IMAGE, "cat")
                .openInput()
                .start()) {
            // When the daemon dies while it is fed
            run.type(words.substring(0, third));
            run.says("word 100\n");
            node.killDaemon();
            run.type(words.substring(third, 2 * third));
            run.says("word 7500\n");
            node.killDaemon();
            run.type(words.substring(2 * third));
            run.endInput();

            // Then not a byte is lost and none comes twice
            Result result = run.await();
            assertThat(result.exitCode()).isZero();
            assertThat(result.out()).isEqualTo(words);
        }
    }

    @Test
    void anExecGoesOnToo() {
        node.detached("has-exec", "sleep", "1000");
        String script = "echo begun; until [ -e /go ]; do sleep 0.05; done; echo ends; exit 4";
        try (Running exec = node.hako("exec", "has-exec", "sh", "-c", script).start()) {
            exec.says("begun");

            node.killDaemon();
            node.run("exec", "has-exec", "touch", "/go").ok();

            Result result = exec.await();
            assertThat(result.out()).isEqualTo("begun\nends\n");
            assertThat(result.exitCode()).isEqualTo(4);
        }
        node.run("rm", "-f", "has-exec").ok();
    }

    @Test
    void signalsReachTheContainerThroughTheNextDaemon() {
        String script = "trap 'echo got TERM; exit 3' TERM; echo ready; while :; do sleep 0.1; done";
        try (Running run =
                node.hako("run", "--rm", HakoNode.IMAGE, "sh", "-c", script).start()) {
            run.says("ready");

            node.killDaemon();
            run.signal("TERM");

            assertThat(run.await().exitCode()).isEqualTo(3);
        }
    }

    @Test
    void publishedPortsAndAddressesStay() {
        node.run("run", "-d", "--name", "addressed", HakoNode.IMAGE, "nc", "-ll", "-p", "7000", "-e", "echo", "here")
                .ok();
        String address =
                node.inspect("addressed").at("NetworkSettings.IPAddress").text();

        node.killDaemon();

        assertThat(node.inspect("addressed").at("NetworkSettings.IPAddress").text())
                .isEqualTo(address);
        assertThat(node.busybox("sh", "-c", "until nc -w 5 " + address + " 7000 </dev/null; do sleep 0.2; done")
                        .ok()
                        .out())
                .isEqualTo("here\n");
        node.run("rm", "-f", "addressed").ok();
    }

    @Test
    void aPausedContainerIsAdoptedPaused() {
        node.detached("stands-still", "sleep", "1000");
        node.run("pause", "stands-still").ok();

        node.killDaemon();

        assertThat(node.status("stands-still")).isEqualTo("paused");
        node.run("unpause", "stands-still").ok();
        node.run("exec", "stands-still", "true").ok();
        node.run("rm", "-f", "stands-still").ok();
    }

    @Test
    void aDaemonEndedPolitelyLeavesItsContainersToo() {
        node.detached("outlives", "sleep", "1000");
        long daemon = node.daemon();
        List<Long> vmms = node.vmms();

        Processes.signal(daemon, "TERM");
        Await.until("the daemon to end", PATIENCE, () -> !Processes.isAlive(daemon));

        assertThat(vmms).isNotEmpty();
        assertThat(node.vmms()).isEqualTo(vmms);
        node.run("exec", "outlives", "true").ok();
        node.run("rm", "-f", "outlives").ok();
    }

    @Test
    void stoppedContainersStayKnown() {
        node.run("run", "--name", "past", HakoNode.IMAGE, "sh", "-c", "echo said; exit 5")
                .exits(5);

        node.killDaemon();

        assertThat(node.inspect("past").at("State.ExitCode").number()).isEqualTo(5);
        assertThat(node.run("logs", "past").ok().out()).isEqualTo("said\n");
        node.run("rm", "past").ok();
    }

    private void awaitLog(String name, String text) {
        Await.until(
                "container %s to say %s".formatted(name, text),
                PATIENCE,
                () -> node.run("logs", name).out().contains(text));
    }

    /** True once the time has passed since it was made. */
    private record Elapsed(Duration span, long since) implements java.util.function.BooleanSupplier {
        Elapsed(Duration span) {
            this(span, System.nanoTime());
        }

        @Override
        public boolean getAsBoolean() {
            return System.nanoTime() - since > span.toNanos();
        }
    }
}
