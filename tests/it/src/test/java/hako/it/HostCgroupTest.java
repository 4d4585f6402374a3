package hako.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The cgroup of this host that a bundle asks for, with the process that stays in it. */
@VmTest
class HostCgroupTest {
    @RegisterExtension
    static final SharedNode shared = SharedNode.create();

    private static final Duration SOON = Duration.ofSeconds(20);

    private final HakoNode node = shared.node();
    private final String place = "/hako-it-" + ProcessHandle.current().pid() + "/web";
    private final Bundle bundle = Bundle.script("sleep 1000");

    @BeforeEach
    void limits() {
        Path config = bundle.folder().resolve("config.json");
        Temporary.write(config, Temporary.read(config).replaceFirst("\"linux\": \\{", """
                        "linux": {"cgroupsPath": "%s", "resources": {"pids": {"limit": 7}, "memory": {"limit": 67108864}},
                        """.formatted(place)));
        start(List.of());
    }

    /** @param cgroups which the caller makes, and is in */
    private void start(List<Path> cgroups) {
        List<String> line = new ArrayList<>(List.of(
                "sh", "-c", """
                runtime=$0 bundle=$1; shift
                for cgroup; do mkdir "$cgroup"; echo $$ >"$cgroup"/cgroup.procs; done
                exec "$runtime" create --bundle "$bundle" --pid-file "$bundle"/pid web </dev/null >/dev/null 2>&1
                """, Build.runtime().toString(), bundle.folder().toString()));
        cgroups.forEach(cgroup -> line.add(cgroup.toString()));
        Command.of(line).with("HAKO_HOME", node.home().toString()).run().ok();
        node.runtime("start", "web").run().ok();
    }

    /** Has a process left behind for a container "other", with streams that nobody waits for. */
    private Result leave(String verb, Bundle other) {
        String line = "exec $0 " + verb + " --bundle $1 --pid-file $1/pid other </dev/null >/dev/null 2>$1/errors";
        return Command.of(
                        "sh",
                        "-c",
                        line,
                        Build.runtime().toString(),
                        other.folder().toString())
                .with("HAKO_HOME", node.home().toString())
                .run();
    }

    @AfterEach
    void nothingIsLeft() {
        node.runtime("delete", "--force", "web").run().ok();
        node.awaitNoTraces();
        bundle.close();
        assertThat(folders()).noneMatch(Files::exists);
        folders()
                .forEach(folder ->
                        Command.of("rmdir", folder.getParent().toString()).run());
    }

    /** One in each hierarchy. */
    private List<Path> folders() {
        return Cgroups.of(place);
    }

    /** Beyond the bundle's limit: what the VM needs itself. With version 1 it is not counted. */
    private long roomForTasks() {
        return Cgroups.value(place, "pids.max") - 7;
    }

    private void assertIsInIt(long vm) {
        assertThat(Cgroups.membershipButPids(vm)).containsOnly(place);
    }

    @Test
    void itHasTheLimitsAndUpdateKeepsThem() {
        assertThat(folders()).isNotEmpty().allMatch(Files::isDirectory);
        assertThat(Cgroups.membership(bundle.pid())).containsOnly(place);
        long room = roomForTasks();
        assertThat(room).isNotNegative();

        node.runtime("update", "--pids-limit", "9", "web").run().ok();
        assertThat(roomForTasks()).isEqualTo(room + 2);

        Result refused = node.runtime("update", "--pids-limit", "8", "--cpuset-cpus", "99999", "web")
                .run();
        assertThat(refused.exits(1).err()).contains("set cpuset.cpus of cgroup");
        assertThat(roomForTasks()).isEqualTo(room + 2);
    }

    @Test
    void itsVmIsInItWithRoomForItselfUntilOthersLiveInThat() {
        List<Long> vm = Stream.concat(node.sandboxVmms().stream(), node.helpers("virtiofsd").stream())
                .toList();
        assertThat(vm).hasSizeGreaterThan(1).allSatisfy(this::assertIsInIt);
        long memory = Cgroups.value(place, "memory.limit_in_bytes", "memory.max");
        assertThat(memory).isBetween(300L << 20, 400L << 20);
        node.runtime("update", "--memory", "96m", "web").run().ok();
        assertThat(Cgroups.value(place, "memory.limit_in_bytes", "memory.max")).isEqualTo(memory + (33L << 20));

        Bundle joining = Bundle.script("")
                .in(Path.of("/proc/" + bundle.pid() + "/ns/net"))
                .runs("sleep", "1000");
        try (joining) {
            leave("run --detach", joining).ok();
            vm.forEach(pid -> assertThat(Cgroups.membership(pid)).containsOnly("/"));
            assertThat(Cgroups.membership(bundle.pid())).containsOnly(place);
        } finally {
            node.runtime("delete", "--force", "other").run().ok();
        }
    }

    /** Whom the guest's kernel killed, this host's kills once more, in the container's cgroup; the VM, which is there too, is not it. */
    @Test
    void execsThatRunOutOfMemoryDoNotTakeTheVmAlong() {
        long memory = Cgroups.value(place, "memory.limit_in_bytes", "memory.max");
        Result greedy = Command.of(
                        "sh",
                        "-c",
                        "$0 exec web tail /dev/zero & $0 exec web tail /dev/zero; echo $?; wait $!; echo $?",
                        Build.runtime().toString())
                .with("HAKO_HOME", node.home().toString())
                .run();
        assertThat(greedy.ok().lines()).containsOnly("137");
        assertThat(node.runtime("exec", "web", "echo", "here").run().ok().out()).isEqualTo("here\n");
        assertThat(node.sandboxVmms()).allSatisfy(this::assertIsInIt);
        assertThat(Cgroups.value(place, "memory.limit_in_bytes", "memory.max")).isEqualTo(memory);
    }

    /** An emulated guest takes the time that the host withholds for used, and would withhold it once more. */
    @Test
    void itsLimitOfCpuTimeCountsOnceAndNotBeforeTheStart() {
        String slow = place + "-slow";
        List<Long> before = node.sandboxVmms();
        boolean twice = node.hako("check").run().out().contains("software emulation");
        boolean apart = Cgroups.of("").stream().anyMatch(root -> Files.exists(root.resolve("cpu.cfs_period_us")));
        try (Bundle other = Bundle.script("sleep 1000")) {
            other.edit("\"linux\": {", """
                    "linux": {"cgroupsPath": "%s", "resources": {"cpu": {"quota": 1000, "period": 100000}},
                    """.formatted(slow));
            leave("run --detach", other).ok();
            assertThat(Cgroups.text(slow, "cpu.cfs_quota_us", "cpu.max"))
                    .isEqualTo(apart ? "1000" : twice ? "max 100000" : "1000 100000");
            List<Long> vm = node.sandboxVmms().stream()
                    .filter(pid -> !before.contains(pid))
                    .toList();
            assertThat(vm)
                    .hasSize(1)
                    .allSatisfy(pid -> assertThat(Cgroups.timedMembership(pid)).isEqualTo(twice && apart ? "/" : slow));

            node.runtime("update", "--cpu-quota", "-1", "other").run().ok();
            assertThat(vm)
                    .allSatisfy(pid -> assertThat(Cgroups.timedMembership(pid)).isEqualTo(slow));
            node.runtime("exec", "other", "true").run().ok();
        } finally {
            node.runtime("delete", "--force", "other").run().ok();
        }
    }

    @Test
    void systemdIsAskedForItWhereItRunsTheHost() {
        String slice = "hako_it_" + ProcessHandle.current().pid() + ".slice";
        try (Bundle other = Bundle.script("sleep 1000")) {
            other.edit("\"linux\": {", "\"linux\": {\"cgroupsPath\": \"%s:hako:other\",".formatted(slice));
            Result made = leave("--systemd-cgroup create", other);
            if (Files.isDirectory(Path.of("/run/systemd/system"))) {
                made.ok();
                String scope = "/" + slice + "/hako-other.scope";
                assertThat(Cgroups.membership(other.pid())).contains(scope);
                node.runtime("delete", "--force", "other").run().ok();
                assertThat(Cgroups.of(scope)).noneMatch(Files::exists);
            } else {
                made.exits(1);
                assertThat(Temporary.read(other.folder().resolve("errors"))).contains("systemd does not run this host");
            }
        }
    }

    /** Nobody calls the command: one is started by the process that stays, which is limited to the container's. */
    @Test
    void aDaemonThatIsStartedFromItIsNotInIt() {
        killDaemonAndAwaitTheNext();
    }

    @Test
    void norIsItWhereTheCallersCgroupIsGone() {
        node.runtime("delete", "--force", "web").run().ok();
        List<Path> callers = Cgroups.of("/hako-it-" + ProcessHandle.current().pid() + "-caller");
        start(callers);
        callers.forEach(folder -> Command.of("rmdir", folder.toString()).run().ok());

        killDaemonAndAwaitTheNext();
    }

    private void killDaemonAndAwaitTheNext() {
        node.killDaemon();
        Await.until("another daemon", SOON, () -> node.daemon() != 0);
        Await.until(
                "the process that stays to be back",
                SOON,
                () -> Cgroups.membership(bundle.pid()).stream().allMatch(place::equals),
                () -> Cgroups.membership(bundle.pid()).toString());
        assertThat(Cgroups.membership(node.daemon())).containsOnly("/");
        assertThat(node.runtime("state", "web").run().ok().out()).contains("\"status\": \"running\"");
    }
}
