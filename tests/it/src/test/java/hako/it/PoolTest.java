package hako.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** VMs that wait for containers. */
@VmTest
class PoolTest {
    private static final Duration PATIENCE = Duration.ofSeconds(40);

    @RegisterExtension
    static final SharedNode shared = SharedNode.create("vm.pool = 2");

    private final HakoNode node = shared.node();

    /** The first run says what the pool is to be like. */
    private void awaitPool() {
        node.run("run", "--rm", HakoNode.IMAGE, "true").ok();
        Await.until("a full pool", PATIENCE, () -> waiting() == 2);
    }

    private int waiting() {
        return waiting(node);
    }

    private static int waiting(HakoNode of) {
        String status = of.run("factory", "status").ok().out();
        return Integer.parseInt(status.substring(status.lastIndexOf(':') + 1).strip());
    }

    @Test
    void aContainerInAVmThatWaitedIsAsAnyOther() {
        awaitPool();
        List<Long> waited = node.vmms();

        node.detached("taken", "sh", "-c", "hostname; id -u; cat /etc/hosts; sleep 1000");

        assertThat(node.vmms()).containsAnyElementsOf(waited);
        Await.until("its words", PATIENCE, () -> node.run("logs", "taken").out().contains("localhost"));
        assertThat(node.run("logs", "taken").ok().lines().getFirst())
                .isEqualTo(node.inspect("taken").at("Id").text().substring(0, 12));
        assertThat(node.run("exec", "taken", "sh", "-c", "echo 3 | tr 3 4").ok().out())
                .isEqualTo("4\n");
        node.run("exec", "taken", "sh", "-c", "ping -c 1 -W 5 $(ip route | awk '/default/ {print $3}')")
                .ok();
        node.run("rm", "-f", "taken").ok();
    }

    /** Fills a file in the host's memory until less is available than the pool is to leave. */
    @Test
    void vmsThatWaitGiveWayToWhoeverNeedsTheHostsMemory() throws Exception {
        long spare = 3L << 30;
        Path hog = Files.createTempFile(Path.of("/dev/shm"), "hako-test", "");
        try (HakoNode careful =
                HakoNode.create("vm.pool = 1\nvm.pool_reserve = \"%dM\"".formatted((available() - spare) >> 20))) {
            careful.withBusybox();
            careful.run("run", "--rm", HakoNode.IMAGE, "true").ok();
            Await.until("a VM that waits", PATIENCE, () -> waiting(careful) == 1);

            Command.of("fallocate", "-l", Long.toString(spare + (1L << 30)), hog.toString())
                    .run()
                    .ok();

            Await.until("its end", PATIENCE, () -> waiting(careful) == 0);
            careful.run("run", "--rm", HakoNode.IMAGE, "true").ok();
            assertThat(careful.log()).contains("VMs of the pool give way");
            Await.until("no VM is left", PATIENCE, () -> careful.vmms().isEmpty());
            assertThat(waiting(careful)).isZero();
        } finally {
            Files.delete(hog);
        }
    }

    private static long available() throws IOException {
        return Files.readAllLines(Path.of("/proc/meminfo")).stream()
                        .filter(line -> line.startsWith("MemAvailable:"))
                        .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")))
                        .sum()
                << 10;
    }

    @Test
    void nothingOfTheRehearsalOrOfOthersIsSeen() {
        Set<String> told = new HashSet<>();
        for (int i = 0; i < 3; i++) {
            awaitPool();
            List<String> lines = node.run(
                            "run",
                            "--rm",
                            HakoNode.IMAGE,
                            "sh",
                            "-c",
                            "ls -A / /tmp; [ ! -e /mine ] || echo seen; touch /mine; cat /proc/sys/kernel/random/uuid")
                    .ok()
                    .lines();
            assertThat(lines).noneMatch(line -> line.contains("rehearsal") || line.equals("seen"));
            told.add(lines.getLast());
        }
        assertThat(told).hasSize(3);
    }

    @Test
    void anotherImageTakesThePlaceOfTheOneThatWasWaitedWith() {
        awaitPool();
        node.run("image", "import", Build.busybox().toString(), "other/image:1").ok();
        node.run("run", "--name", "marks", "other/image:1", "true").ok();
        node.run("rm", "marks").ok();

        assertThat(node.run("run", "--rm", "other/image:1", "echo", "from the other")
                        .ok()
                        .out())
                .isEqualTo("from the other\n");
        assertThat(node.run("run", "--rm", HakoNode.IMAGE, "echo", "from the first")
                        .ok()
                        .out())
                .isEqualTo("from the first\n");
    }

    @Test
    void aVmThatDiesWhileItWaitsIsNotHandedOut() {
        awaitPool();
        node.vmms().forEach(vmm -> Processes.signal(vmm, "KILL"));

        assertThat(node.run("run", "--rm", HakoNode.IMAGE, "echo", "there").ok().out())
                .isEqualTo("there\n");
    }

    @Test
    void aDaemonThatIsKilledLeavesNobodyWaiting() {
        awaitPool();
        node.detached("stays", "sleep", "1000");
        Await.until("a full pool again", PATIENCE, () -> waiting() == 2);

        node.killDaemon();

        assertThat(node.run("exec", "stays", "echo", "there").ok().out()).isEqualTo("there\n");
        assertThat(node.vmms()).hasSize(1);
        node.run("rm", "-f", "stays").ok();
        Await.until("its VM to end", PATIENCE, () -> node.vmms().isEmpty());
    }

    @Test
    void aDaemonThatEndsPolitelyWhileItFillsThePoolLeavesNothing() {
        node.run("run", "--rm", HakoNode.IMAGE, "true").ok();
        Await.until("a VM of the pool", PATIENCE, () -> !node.vmms().isEmpty());
        long daemon = node.daemon();

        Processes.signal(daemon, "TERM");
        Await.until("the daemon to end", PATIENCE, () -> !Processes.isAlive(daemon));

        assertThat(node.vmms()).isEmpty();
    }

    @Test
    void aDaemonThatIsKilledWhileItFillsThePoolLeavesNothing() {
        node.run("run", "--rm", HakoNode.IMAGE, "true").ok();
        Await.until("a VM of the pool", PATIENCE, () -> !node.vmms().isEmpty());

        node.killDaemon();

        node.run("ps").ok();
        assertThat(node.vmms()).isEmpty();
    }
}
