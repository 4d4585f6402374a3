package hako.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Limits: what a container may have it gets, and no more. */
@VmTest
class ResourcesTest {
    /** Fills a tmpfs with so many MB: its pages are charged to the container and cannot be dropped. */
    private static final String FILL = "dd if=/dev/zero of=/fill/it bs=1M count=%d 2>/dev/null";

    private static final String TMPFS = "/fill:size=510m";

    @RegisterExtension
    static final SharedNode shared = SharedNode.create();

    private final HakoNode node = shared.node();

    @Test
    void fourHundredAndNinetyMegabytesFitIntoFiveHundredAndTwelve() {
        Result result = limited("--rm", "512m", FILL.formatted(490) + " && wc -c </fill/it");

        assertThat(result.ok().out().strip()).isEqualTo(Integer.toString(490 << 20));
    }

    @Test
    void whoTakesMoreMemoryThanAskedIsKilledAndItIsTold() {
        // When a container keeps 300 MB in memory where 128 are allowed
        Result result = limited("--name=greedy", "128m", FILL.formatted(300));

        // Then
        assertThat(result.exitCode()).isEqualTo(137);
        Json state = node.inspect("greedy").at("State");
        assertThat(state.at("OOMKilled").truth()).isTrue();
        assertThat(state.at("ExitCode").number()).isEqualTo(137);
        node.run("rm", "greedy").ok();
    }

    @Test
    void aKilledProcessBesideTheFirstLeavesTheContainerRunning() {
        background("hosts", "128m", "sleep 1000");

        Result greedy = node.run("exec", "hosts", "sh", "-c", FILL.formatted(300));

        assertThat(greedy.exitCode()).isEqualTo(137);
        assertThat(node.status("hosts")).isEqualTo("running");
        node.run("exec", "hosts", "true").ok();
        node.run("rm", "-f", "hosts").ok();
    }

    /** Its VM began with memory for 128 MB, and 400 in its tmpfs need more. */
    @Test
    void aContainerGetsMoreMemoryWhileItRunsAndGivesItBack() {
        background("growing", "128m", "sleep 1000");
        int before = memoryOf("growing");

        assertThat(node.run("update", "-m", "512m", "growing").ok().out()).isEqualTo("growing\n");

        assertThat(memoryOf("growing")).isBetween(before + 350, before + 450);
        assertThat(node.run("exec", "growing", "sh", "-c", FILL.formatted(400) + " && wc -c </fill/it")
                        .ok()
                        .out()
                        .strip())
                .isEqualTo(Integer.toString(400 << 20));
        assertThat(node.inspect("growing").at("HostConfig").at("Memory").number())
                .isEqualTo(512 << 20);

        node.run("exec", "growing", "rm", "/fill/it").ok();
        node.killDaemon();
        node.run("update", "-m", "128m", "growing").ok();

        assertThat(memoryOf("growing")).isEqualTo(before);
        assertThat(node.run("exec", "growing", "sh", "-c", FILL.formatted(300)).exitCode())
                .isEqualTo(137);
        node.run("rm", "-f", "growing").ok();
    }

    @Test
    void whatCannotBeUpdatedIsSaid() {
        background("fixed", "128m", "sleep 1000");

        assertThat(node.run("update", "fixed").err()).contains("give a limit");
        assertThat(node.run("update", "-m", "1m", "fixed").err()).contains("6m");
        assertThat(node.run("update", "-m", "200g", "fixed").err()).contains("at most 131072 MiB more");
        node.run("exec", "fixed", "true").ok();
        node.run("rm", "-f", "fixed").ok();
    }

    /** Of a loop that computes, and goes on whatever happens to the processors around it. */
    private static final String COUNT =
            "i=0; while :; do i=$((i+1)); [ $((i % 1000)) != 0 ] || { echo $i >/tmp/next; mv /tmp/next /tmp/count; }; done";

    @Test
    void aContainerGetsProcessorsWhileItComputesAndGivesThemBack() {
        background("computing", "128m", COUNT);
        assertThat(processorsOf("computing")).isEqualTo("1 max 100000");

        node.run("update", "--cpus", "2", "computing").ok();
        assertThat(processorsOf("computing")).isEqualTo("2 200000 100000");
        assertThat(onBoth("computing")).isEqualTo(2);

        node.killDaemon();
        node.run("update", "--cpus", "1", "computing").ok();
        assertThat(processorsOf("computing")).isEqualTo("1 100000 100000");
        node.run("update", "--cpus", "1.5", "computing").ok();
        assertThat(processorsOf("computing")).isEqualTo("2 150000 100000");

        int before = count("computing");
        Await.until("it goes on", Duration.ofSeconds(20), () -> count("computing") > before);
        node.run("rm", "-f", "computing").ok();
    }

    private String processorsOf(String name) {
        return node.run("exec", name, "sh", "-c", "echo $(nproc) $(cat /sys/fs/cgroup/cpu.max)")
                .ok()
                .out()
                .strip();
    }

    /** Processors that programs can be told to run on: what is there, and works. */
    private int onBoth(String name) {
        return node.run("exec", name, "sh", "-c", "for cpu in 1 2; do taskset $cpu true && echo $cpu; done")
                .ok()
                .lines()
                .size();
    }

    private int count(String name) {
        return Integer.parseInt(
                node.run("exec", name, "cat", "/tmp/count").ok().out().strip());
    }

    /** In MB, as its guest sees it. */
    private int memoryOf(String name) {
        String total = node.run("exec", name, "sh", "-c", "free -m | awk '/^Mem/ { print $2 }'")
                .ok()
                .out();
        return Integer.parseInt(total.strip());
    }

    @Test
    void oneAndAHalfCpusAreTwoProcessorsAndAQuota() {
        Result result = node.run(
                        "run", "--rm", "--cpus", "1.5", HakoNode.IMAGE, "sh", "-c", "nproc; cat /sys/fs/cgroup/cpu.max")
                .ok();

        assertThat(result.lines()).containsExactly("2", "150000 100000");
    }

    @Test
    void theMemoryLimitIsSeenInTheContainersCgroup() {
        Result result = limited("--rm", "64m", "cat /sys/fs/cgroup/memory.max");

        assertThat(result.ok().out().strip()).isEqualTo(Integer.toString(64 << 20));
    }

    @Test
    void theNumberOfProcessesIsBounded() {
        String fork = "i=0; while [ $i -lt 50 ]; do sleep 1000 & i=$((i+1)); done; echo all";

        Result result = node.run("run", "--rm", "--pids-limit", "20", HakoNode.IMAGE, "sh", "-c", fork);

        assertThat(result.out()).doesNotContain("all");
        assertThat(result.err()).contains("fork");
    }

    @Test
    void statsShowLimitAndUse() {
        background("measured", "128m", FILL.formatted(40) + "; echo filled; sleep 1000");
        Await.until(
                "40 MB",
                Duration.ofSeconds(20),
                () -> node.run("logs", "measured").out().contains("filled"));

        Result stats = node.run("stats", "--no-stream", "measured").ok();

        assertThat(stats.out()).containsPattern("4\\d(\\.\\d+)?MiB / 128MiB");
        node.run("rm", "-f", "measured").ok();
    }

    private void background(String name, String memory, String script) {
        node.run("run", "-d", "--name", name, "-m", memory, "--tmpfs", TMPFS, HakoNode.IMAGE, "sh", "-c", script)
                .ok();
    }

    private Result limited(String option, String memory, String script) {
        return node.run(Stream.of("run", option, "-m", memory, "--tmpfs", TMPFS, HakoNode.IMAGE, "sh", "-c", script)
                .toArray(String[]::new));
    }
}
