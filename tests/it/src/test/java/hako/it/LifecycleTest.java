package hako.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What becomes of a container: stop, kill, pause, rm, and what ps, inspect and stats say of it. */
@VmTest
class LifecycleTest {
    private static final String OBEYS = "trap 'exit 0' TERM; echo ready; while :; do sleep 0.1; done";

    @RegisterExtension
    static final SharedNode shared = SharedNode.create();

    private final HakoNode node = shared.node();

    @Test
    void stopAsksAndTheContainerMayEndByItself() {
        // Given
        ready("obeys", OBEYS);

        // When
        Result stop = node.run("stop", "obeys").ok();

        // Then
        assertThat(stop.out()).isEqualTo("obeys\n");
        assertThat(node.inspect("obeys").at("State.ExitCode").number()).isZero();
        assertThat(node.status("obeys")).isEqualTo("exited");
        node.run("rm", "obeys").ok();
    }

    @Test
    void stopKillsWhatDoesNotObeyInTime() {
        ready("stubborn", "trap '' TERM; echo ready; while :; do sleep 0.1; done");

        Result stop = node.run("stop", "-t", "1", "stubborn").ok();

        assertThat(stop.took()).isBetween(Duration.ofSeconds(1), Duration.ofSeconds(5));
        assertThat(node.inspect("stubborn").at("State.ExitCode").number()).isEqualTo(137);
        node.run("rm", "stubborn").ok();
    }

    @Test
    void killSendsTheSignalAsked() {
        ready("listens", "trap 'echo hup' HUP; trap 'exit 4' USR1; echo ready; while :; do sleep 0.1; done");

        node.run("kill", "-s", "HUP", "listens").ok();
        Await.until(
                "its word",
                Duration.ofSeconds(10),
                () -> node.run("logs", "listens").out().contains("hup"));
        assertThat(node.status("listens")).isEqualTo("running");
        node.run("kill", "-s", "SIGUSR1", "listens").ok();

        node.awaitStatus("listens", "exited");
        assertThat(node.inspect("listens").at("State.ExitCode").number()).isEqualTo(4);
        node.run("rm", "listens").ok();
    }

    @Test
    void killWithoutASignalIsSigkill() {
        node.detached("killed", "sleep", "1000");

        node.run("kill", "killed").ok();

        node.awaitStatus("killed", "exited");
        assertThat(node.inspect("killed").at("State.ExitCode").number()).isEqualTo(137);
        node.run("rm", "killed").ok();
    }

    @Test
    void anUnknownSignalIsRefused() {
        node.detached("unharmed", "sleep", "1000");

        assertThat(node.run("kill", "-s", "NOSUCH", "unharmed").err()).contains("NOSUCH");
        assertThat(node.status("unharmed")).isEqualTo("running");
        node.run("rm", "-f", "unharmed").ok();
    }

    @Test
    void aPausedContainerStandsStillAndGoesOn() {
        // Given a container that counts
        ready("counts", "echo ready; i=0; while :; do i=$((i+1)); echo $i; sleep 0.05; done");

        // When it is paused
        node.run("pause", "counts").ok();
        int before = node.run("logs", "counts").lines().size();
        assertThat(node.status("counts")).isEqualTo("paused");
        assertThat(node.run("exec", "counts", "true").exitCode()).isNotZero();
        int after = node.run("logs", "counts").lines().size();

        // Then it says nothing until it is let go
        assertThat(after).isLessThanOrEqualTo(before + 1);
        node.run("unpause", "counts").ok();
        Await.until(
                "it to go on",
                Duration.ofSeconds(10),
                () -> node.run("logs", "counts").lines().size() > after + 3);
        node.run("rm", "-f", "counts").ok();
    }

    @Test
    void rmRefusesARunningContainerAndForceDoesNot() {
        node.detached("runs", "sleep", "1000");

        assertThat(node.run("rm", "runs").exits(1).err()).contains("runs");
        assertThat(node.status("runs")).isEqualTo("running");
        node.run("rm", "-f", "runs").ok();

        assertThat(node.run("ps", "-aq", "--no-trunc").out()).doesNotContain("runs");
        assertThat(node.run("inspect", "runs").exitCode()).isEqualTo(1);
    }

    @Test
    void aContainerIsFoundByTheBeginningOfItsId() {
        String id = node.run("run", "-d", HakoNode.IMAGE, "sleep", "1000")
                .ok()
                .out()
                .strip();

        assertThat(node.inspect(id.substring(0, 8)).at("Id").text()).isEqualTo(id);
        node.run("rm", "-f", id.substring(0, 12)).ok();
    }

    @Test
    void psShowsWhatRunsAndWithAllWhatHasEnded() {
        // Given
        node.detached("ps-runs", "sleep", "1000");
        node.run("run", "--name", "ps-ended", HakoNode.IMAGE, "sh", "-c", "exit 3")
                .exits(3);

        // When
        Result running = node.run("ps").ok();
        Result all = node.run("ps", "-a").ok();

        // Then
        assertThat(running.lines().getFirst().split("\\s{2,}"))
                .containsExactly("CONTAINER ID", "IMAGE", "COMMAND", "CREATED", "STATUS", "PORTS", "NAMES");
        assertThat(running.out()).contains("ps-runs").doesNotContain("ps-ended");
        assertThat(all.lines())
                .anyMatch(line -> line.matches("[0-9a-f]{12} +hako/busybox +\"sleep 1000\" +.* ago +Up .* ps-runs"))
                .anyMatch(line -> line.contains("Exited (3)") && line.endsWith("ps-ended"));
        node.run("rm", "-f", "ps-runs", "ps-ended").ok();
    }

    @Test
    void inspectTellsAllAsJson() {
        node.run(
                        "run",
                        "-d",
                        "--name",
                        "told",
                        "-m",
                        "128m",
                        "-e",
                        "A=b",
                        "-w",
                        "/tmp",
                        HakoNode.IMAGE,
                        "sleep",
                        "1000")
                .ok();

        Json told = node.inspect("told");

        assertThat(told.at("Name").text()).endsWith("told");
        assertThat(told.at("State.Running").truth()).isTrue();
        assertThat(told.at("State.OOMKilled").truth()).isFalse();
        assertThat(told.at("Config.Cmd").items()).extracting(Json::text).containsExactly("sleep", "1000");
        assertThat(told.at("Config.Env").items()).extracting(Json::text).contains("A=b");
        assertThat(told.at("Config.WorkingDir").text()).isEqualTo("/tmp");
        assertThat(told.at("HostConfig.Memory").number()).isEqualTo(128 << 20);
        assertThat(told.at("NetworkSettings.IPAddress").text()).startsWith(node.subnet());
        node.run("rm", "-f", "told").ok();
    }

    @Test
    void statsTellWhatTheGuestCounts() {
        node.detached("works", "sh", "-c", "while :; do :; done");

        Result stats = node.run("stats", "--no-stream", "works").ok();

        assertThat(stats.lines().getFirst()).contains("CPU %").contains("MEM USAGE");
        assertThat(stats.out()).contains("works");
        node.run("rm", "-f", "works").ok();
    }

    @Test
    void allVerbsRefuseAnUnknownContainer() {
        for (String verb : new String[] {"stop", "kill", "rm", "pause", "unpause", "inspect", "logs"}) {
            assertThat(node.run(verb, "no-such-container").exits(1).err())
                    .as(verb)
                    .contains("no-such-container");
        }
    }

    private void ready(String name, String script) {
        node.detached(name, "sh", "-c", script);
        Await.until(
                "container " + name + " to be ready",
                Duration.ofSeconds(20),
                () -> node.run("logs", name).out().contains("ready"));
    }
}
