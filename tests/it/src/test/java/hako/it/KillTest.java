package hako.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * {@code kill -9} of the daemon, QEMU, virtiofsd and the command itself, at each stage of a run: after the next command
 * no process, mount, tap or file is left.
 */
@VmTest
class KillTest {
    private static final String SCRIPT = "echo ready; sleep 0.3; echo done; exit 5";

    /** The output of a run in front waits half a minute for its caller, who may be reaching for the next daemon. */
    private static final Duration CALLER_MAY_COME_BACK = Duration.ofSeconds(40);

    @RegisterExtension
    static final SharedNode shared = SharedNode.create();

    private final HakoNode node = shared.node();
    private final Path volume = Temporary.folder("kv");

    @AfterEach
    void removeVolume() {
        Temporary.delete(volume);
    }

    @ParameterizedTest
    @EnumSource
    void theDaemon(Stage stage) {
        try (Running run = start()) {
            stage.await(node, run);

            node.killDaemon();

            Result result = run.await();
            if (result.exitCode() == 125) {
                assertThat(result.err()).isNotBlank();
                assertThat(stage).isLessThan(Stage.RUNNING);
            } else {
                assertThat(result.exits(5).out()).isEqualTo("ready\ndone\n");
            }
        }
        nothingIsLeft();
    }

    @ParameterizedTest
    @EnumSource(names = {"VMM", "PLUGGED", "STORAGE", "RUNNING", "ENDING"})
    void theVmm(Stage stage) {
        try (Running run = start()) {
            stage.await(node, run);

            node.vmms().forEach(Processes::kill);

            Result result = run.await();
            if (stage == Stage.RUNNING) {
                result.exits(137);
            }
            assertThat(result.exitCode()).isIn(125, 137, 5);
            if (result.exitCode() != 5) {
                assertThat(result.err()).isNotBlank().doesNotContain("Exception");
            }
        }
        nothingIsLeft();
    }

    @ParameterizedTest
    @EnumSource
    void theCommand(Stage stage) {
        try (Running run = start()) {
            stage.await(node, run);

            Processes.signal(run.pid(), "KILL");
        }
        nothingIsLeft();
    }

    @ParameterizedTest
    @EnumSource
    void theCommandAndTheDaemon(Stage stage) {
        try (Running run = start()) {
            stage.await(node, run);

            Processes.signal(run.pid(), "KILL");
            node.killDaemon();
        }
        nothingIsLeft();
    }

    @ParameterizedTest
    @EnumSource(names = {"VMM", "RUNNING"})
    void theDaemonAndTheVmm(Stage stage) {
        try (Running run = start()) {
            stage.await(node, run);

            node.killDaemon();
            node.vmms().forEach(Processes::kill);

            Result result = run.await();
            assertThat(result.exitCode()).isIn(125, 137);
            assertThat(result.err()).isNotBlank();
        }
        nothingIsLeft();
    }

    @Test
    void virtiofsdOfARunningContainer() {
        try (Running run = node.hako(
                        "run",
                        "--rm",
                        "-v",
                        volume + ":/v",
                        HakoNode.IMAGE,
                        "sh",
                        "-c",
                        "echo ready; sleep 1; ls /v; echo $?")
                .within(Duration.ofSeconds(30))
                .start()) {
            run.says("ready");

            node.helpers("virtiofsd").forEach(Processes::kill);

            Result result = run.await();
            assertThat(result.exitCode() != 0 || !result.out().endsWith("0\n"))
                    .as("access without its server fails, or the run does: " + result)
                    .isTrue();
        }
        nothingIsLeft();
    }

    @Test
    void theVmmOfADetachedContainerIsSeenByPs() {
        node.detached("loses-vm", "sleep", "1000");

        node.vmms().forEach(Processes::kill);

        Await.until(
                "ps to tell",
                Duration.ofSeconds(10),
                () -> node.run("ps", "-a").out().contains("Exited (137)"));
        assertThat(node.inspect("loses-vm").at("State.ExitCode").number()).isEqualTo(137);
        assertThat(node.inspect("loses-vm").at("State.Error").text()).isNotBlank();
        node.run("rm", "loses-vm").ok();
        nothingIsLeft();
    }

    @Test
    void aCommandThatIsKilledLeavesAContainerThatIsNotItsOwn() {
        try (Running run = node.hako("run", "--name", "goes-on", HakoNode.IMAGE, "sh", "-c", "echo ready; sleep 1000")
                .start()) {
            run.says("ready");

            Processes.signal(run.pid(), "KILL");
        }

        assertThat(node.status("goes-on")).isEqualTo("running");
        node.run("rm", "-f", "goes-on").ok();
        nothingIsLeft();
    }

    private Running start() {
        return node.hako("run", "--rm", "-v", volume + ":/v", HakoNode.IMAGE, "sh", "-c", SCRIPT)
                .start();
    }

    private void nothingIsLeft() {
        node.run("ps", "-a").ok();
        node.awaitNoTraces(CALLER_MAY_COME_BACK);
        assertThat(node.run("ps", "-aq").ok().out()).isEmpty();
        assertThat(volume).isDirectory();
    }
}
