package hako.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What cannot be run: Docker's exit code, a sentence, no waiting, nothing left. */
@VmTest
class RefusalTest {
    /** Over the time of a run that succeeds. */
    static final Duration WELL_UNDER_A_SECOND = Duration.ofMillis(700);

    @RegisterExtension
    static final SharedNode shared = SharedNode.create();

    private static Duration success = Duration.ZERO;

    private final HakoNode node = shared.node();

    @BeforeAll
    static void timeOfSuccess() {
        shared.node().busybox("true").ok();
        success = shared.node().busybox("true").ok().took();
    }

    @Test
    void anUnknownImageIs125() {
        Result result =
                node.run("run", "--rm", "127.0.0.1:1/no/such:image", "true").exits(125);

        assertThat(result.err()).contains("127.0.0.1:1/no/such:image");
        assertThat(result.took()).isLessThan(Duration.ofSeconds(2));
    }

    @Test
    void anUnknownCommandIs127() {
        refused(127, "no-such-command", "run", "--rm", HakoNode.IMAGE, "no-such-command");
    }

    @Test
    void anUnknownPathIs127() {
        refused(127, "/no/such/command", "run", "--rm", HakoNode.IMAGE, "/no/such/command");
    }

    @Test
    void aCommandThatMayNotBeExecutedIs126() {
        refused(126, "/etc/passwd", "run", "--rm", HakoNode.IMAGE, "/etc/passwd");
    }

    @Test
    void aDirectoryAsCommandIs126() {
        refused(126, "/etc", "run", "--rm", HakoNode.IMAGE, "/etc");
    }

    @Test
    void anUnknownUserIs126() {
        refused(126, "nobody-knows", "run", "--rm", "-u", "nobody-knows", HakoNode.IMAGE, "true");
    }

    @Test
    void aFileAsWorkingDirectoryIs126() {
        refused(126, "/etc/passwd", "run", "--rm", "-w", "/etc/passwd", HakoNode.IMAGE, "true");
    }

    @Test
    void aRelativeWorkingDirectoryIs125() {
        Result result = node.run("run", "--rm", "-w", "relative", HakoNode.IMAGE, "true")
                .exits(125);

        assertThat(result.err()).contains("relative");
    }

    @Test
    void anUnknownOptionIs125WithAHint() {
        Result result =
                node.run("run", "--no-such-option", HakoNode.IMAGE, "true").exits(125);

        assertThat(result.err()).contains("unknown flag: --no-such-option").contains("--help");
        assertThat(result.took()).isLessThan(WELL_UNDER_A_SECOND);
    }

    @Test
    void noImageIs125() {
        node.run("run").exits(125);
    }

    @Test
    void anUnknownVerbIsRefused() {
        Result result = node.run("frobnicate");

        assertThat(result.exitCode()).isNotZero();
        assertThat(result.err()).contains("frobnicate");
    }

    @Test
    void anInvalidNameIs125() {
        Result result = node.run("run", "--rm", "--name", "../climb", HakoNode.IMAGE, "true")
                .exits(125);

        assertThat(result.err()).contains("../climb");
    }

    @Test
    void tooLittleMemoryIs125() {
        node.run("run", "--rm", "-m", "1k", HakoNode.IMAGE, "true").exits(125);
    }

    @Test
    void memoryThatIsNoNumberIs125() {
        Result result =
                node.run("run", "--rm", "-m", "much", HakoNode.IMAGE, "true").exits(125);

        assertThat(result.err()).contains("much");
    }

    private void refused(int code, String what, String... arguments) {
        // When
        Result result = node.run(arguments).exits(code);

        // Then
        assertThat(result.err()).contains(what);
        assertThat(result.err().lines()).hasSizeLessThanOrEqualTo(3);
        assertThat(result.took()).isLessThan(success.plus(WELL_UNDER_A_SECOND));
    }
}
