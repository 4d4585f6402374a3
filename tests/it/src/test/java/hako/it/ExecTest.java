package hako.it;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** {@code hako exec}: one more process in a running container. */
@VmTest
class ExecTest {
    @RegisterExtension
    static final SharedNode shared = SharedNode.create();

    private final HakoNode node = shared.node();

    @BeforeAll
    static void aRunningContainer() {
        shared.node()
                .run("run", "-d", "--name", "box", "-e", "OF=run", "-w", "/usr", HakoNode.IMAGE, "sleep", "1000")
                .ok();
    }

    @AfterAll
    static void remove() {
        shared.node().run("rm", "-f", "box").ok();
    }

    @Test
    void runsACommandBesideTheFirst() {
        Result result = node.run("exec", "box", "sh", "-c", "echo here; ps").ok();

        assertThat(result.out()).startsWith("here\n").contains("sleep 1000");
    }

    @Test
    void endsWithTheExitCodeOfTheCommand() {
        node.run("exec", "box", "sh", "-c", "exit 9").exits(9);
    }

    @Test
    void inheritsEnvironmentAndWorkingDirectoryOfTheContainer() {
        Result result =
                node.run("exec", "-e", "MORE=1", "box", "sh", "-c", "pwd; env").ok();

        assertThat(result.lines()).startsWith("/usr").contains("OF=run", "MORE=1");
    }

    @Test
    void takesUserAndWorkingDirectory() {
        Result result = node.run("exec", "-u", "www-data", "-w", "/etc", "box", "sh", "-c", "id -un; pwd")
                .ok();

        assertThat(result.out()).isEqualTo("www-data\n/etc\n");
    }

    @Test
    void passesInputAndOutputByteForByte() {
        byte[] input = new byte[3_000_000];
        new java.util.Random(3).nextBytes(input);

        Result result = node.hako("exec", "-i", "box", "cat").input(input).run().ok();

        assertThat(result.output()).isEqualTo(input);
    }

    @Test
    void keepsTheStreamsApart() {
        Result result =
                node.run("exec", "box", "sh", "-c", "echo out; echo err >&2").ok();

        assertThat(result.out()).isEqualTo("out\n");
        assertThat(result.err()).isEqualTo("err\n");
    }

    @Test
    void anUnknownCommandIs127() {
        Result result = node.run("exec", "box", "no-such-command").exits(127);

        assertThat(result.err()).contains("no-such-command");
        assertThat(result.took()).isLessThan(RefusalTest.WELL_UNDER_A_SECOND);
    }

    @Test
    void aFileThatIsNoProgramIs126() {
        node.run("exec", "box", "/etc/passwd").exits(126);
    }

    @Test
    void anUnknownUserIs126() {
        assertThat(node.run("exec", "-u", "nobody-knows", "box", "true")
                        .exits(126)
                        .err())
                .contains("nobody-knows");
    }

    @Test
    void anUnknownWorkingDirectoryIs127() {
        assertThat(node.run("exec", "-w", "/no/such/place", "box", "true")
                        .exits(127)
                        .err())
                .contains("/no/such/place");
    }

    @Test
    void anUnknownContainerIs1() {
        assertThat(node.run("exec", "no-such-container", "true").exits(1).err()).contains("no-such-container");
    }

    @Test
    void aContainerThatHasEndedIsRefused() {
        node.run("run", "--name", "over", HakoNode.IMAGE, "true").ok();

        Result result = node.run("exec", "over", "true").exits(1);

        assertThat(result.err()).contains("over");
        node.run("rm", "over").ok();
    }

    @Test
    void forwardsSignals() {
        String script = "trap 'echo got TERM; exit 3' TERM; echo ready; while :; do sleep 0.1; done";
        try (Running exec = node.hako("exec", "box", "sh", "-c", script).start()) {
            exec.says("ready").signal("TERM").says("got TERM");

            assertThat(exec.await().exitCode()).isEqualTo(3);
        }
    }

    @Test
    void endsWhenTheContainerDoes() {
        node.detached("ends", "sleep", "1000");
        try (Running exec =
                node.hako("exec", "ends", "sh", "-c", "echo ready; sleep 1000").start()) {
            exec.says("ready");

            node.run("kill", "ends").ok();

            assertThat(exec.await().exitCode()).isEqualTo(137);
        }
        node.run("rm", "-f", "ends").ok();
    }

    @Test
    void manyAtOnceDoNotMixUp() {
        // Given
        var running = java.util.stream.IntStream.range(0, 10)
                .mapToObj(i -> node.hako("exec", "box", "sh", "-c", "seq " + i * 1000 + " " + (i * 1000 + 999))
                        .start())
                .toList();

        // Then each has its own thousand lines
        for (int i = 0; i < running.size(); i++) {
            Result result = running.get(i).await().ok();
            assertThat(result.lines()).hasSize(1000).startsWith(Integer.toString(i * 1000));
        }
    }
}
