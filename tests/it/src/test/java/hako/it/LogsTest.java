package hako.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** {@code hako logs}: what a container has said, and what it goes on to say. */
@VmTest
class LogsTest {
    @RegisterExtension
    static final SharedNode shared = SharedNode.create("output.max_size = \"4M\"");

    private final HakoNode node = shared.node();

    @Test
    void showsBothStreamsOfARunningAndOfAnEndedContainer() {
        // Given
        node.detached("speaks", "sh", "-c", "echo out; echo err >&2; echo done; read x </dev/zero");
        Await.until(
                "its words",
                Duration.ofSeconds(10),
                () -> node.run("logs", "speaks").out().contains("done"));

        // When
        Result running = node.run("logs", "speaks").ok();
        node.run("kill", "speaks").ok();
        node.awaitStatus("speaks", "exited");
        Result ended = node.run("logs", "speaks").ok();

        // Then
        assertThat(running.out()).isEqualTo("out\ndone\n");
        assertThat(running.err()).isEqualTo("err\n");
        assertThat(ended.out()).isEqualTo(running.out());
        assertThat(ended.err()).isEqualTo(running.err());
        node.run("rm", "speaks").ok();
    }

    @Test
    void tailShowsTheLastLinesOnly() {
        node.run("run", "--name", "counts", HakoNode.IMAGE, "seq", "1000").ok();

        assertThat(node.run("logs", "--tail", "3", "counts").ok().lines()).containsExactly("998", "999", "1000");
        assertThat(node.run("logs", "counts").ok().lines()).hasSize(1000);
        node.run("rm", "counts").ok();
    }

    @Test
    void followShowsWhatComesAndEndsWithTheContainer() {
        // Given
        node.detached("goes-on", "sh", "-c", "echo before; until [ -e /go ]; do sleep 0.05; done; echo after");
        try (Running logs = node.hako("logs", "-f", "goes-on").start()) {
            logs.says("before");

            // When
            node.run("exec", "goes-on", "touch", "/go").ok();

            // Then
            logs.says("after");
            logs.await().ok();
        }
        node.run("rm", "-f", "goes-on").ok();
    }

    @Test
    void followEndsByAnInterrupt() {
        node.detached("silent", "sleep", "1000");
        try (Running logs = node.hako("logs", "-f", "silent").start()) {
            Await.until("the call to be attended", Duration.ofSeconds(10), logs::isAlive);

            logs.signal("INT");

            logs.await();
        }
        assertThat(node.status("silent")).isEqualTo("running");
        node.run("rm", "-f", "silent").ok();
    }

    @Test
    void whatIsKeptIsBoundedAndTheOldestGoesFirst() {
        // Given a container that says 20 MB where 4 are kept
        node.run(
                        "run",
                        "-d",
                        "--name",
                        "talks",
                        HakoNode.IMAGE,
                        "sh",
                        "-c",
                        "yes word | head -c 20000000; echo the end")
                .ok();
        node.awaitStatus("talks", "exited");

        // When
        Result logs = node.run("logs", "talks").ok();

        // Then
        assertThat(logs.output().length).isBetween(1 << 20, 4 << 20);
        assertThat(logs.lines()).endsWith("word", "the end");
        node.run("rm", "talks").ok();
    }

    @Test
    void anUnknownContainerIsRefused() {
        assertThat(node.run("logs", "no-such-container").exits(1).err()).contains("no-such-container");
    }
}
