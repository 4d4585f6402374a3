package hako.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The real Podman's pods: containers in one VM. */
@VmTest
class PodTest {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @RegisterExtension
    static final SharedNode shared = SharedNode.create();

    private static Podman podman;

    private final HakoNode node = shared.node();

    @BeforeAll
    static void start() {
        shared.node().run("ps").ok(); // a daemon that Podman's monitor has started would be in the cgroup of a pod
        podman = new Podman(shared.node());
    }

    @AfterAll
    static void stop() {
        podman.close();
    }

    @AfterEach
    void nothingIsLeft() {
        podman.run("pod", "rm", "--all", "--force", "--time", "0").ok();
        node.awaitNoTraces();
    }

    private static void pod(String... options) {
        // Without a cgroup for the pod, which Podman cannot remove where one of the host's hierarchies is missing.
        List<String> line =
                new ArrayList<>(List.of("pod", "create", "--name", "pod", "--share-parent=false", "--network", "none"));
        line.addAll(List.of("--infra-image", Podman.IMAGE, "--infra-command", "sleep 1000"));
        line.addAll(List.of(options));
        podman.run(line.toArray(String[]::new)).ok();
    }

    private static void inPod(String name, String script, String... options) {
        List<String> line = new ArrayList<>(List.of("run", "-d", "--pod", "pod", "--name", name));
        line.addAll(List.of(options));
        line.addAll(List.of(Podman.IMAGE, "sh", "-c", script));
        podman.run(line.toArray(String[]::new)).ok();
    }

    private static String exec(String name, String... command) {
        List<String> line = new ArrayList<>(List.of("exec", name));
        line.addAll(List.of(command));
        return podman.run(line.toArray(String[]::new)).ok().out();
    }

    private void assertOneVm(int containers) {
        assertThat(node.run("ps", "-q").ok().lines()).hasSize(containers);
        assertThat(node.vms()).hasSize(1);
    }

    @Test
    void aPodIsOneVmWhoseContainersTalkOverTheLoopbackAndShareNames() {
        pod("--hostname", "together");
        inPod("server", "mkdir /www; echo hello >/www/index.html; exec httpd -f -p 8000 -h /www");
        inPod("client", "sleep 1000");

        assertOneVm(3);
        assertThat(exec("client", "wget", "-qO-", "http://127.0.0.1:8000/")).isEqualTo("hello\n");
        assertThat(exec("client", "hostname")).isEqualTo("together\n");
        for (String kind : List.of("net", "ipc", "uts")) {
            assertThat(exec("client", "readlink", "/proc/self/ns/" + kind))
                    .isEqualTo(exec("server", "readlink", "/proc/self/ns/" + kind));
        }
        assertThat(exec("client", "readlink", "/proc/self/ns/pid"))
                .isNotEqualTo(exec("server", "readlink", "/proc/self/ns/pid"));
        exec("server", "sh", "-c", "echo shared >/dev/shm/f");
        assertThat(exec("client", "cat", "/dev/shm/f")).isEqualTo("shared\n");
        assertThat(exec("client", "ls", "/")).doesNotContain("www");
    }

    @Test
    void oneEndsAndTheOthersRunOn() {
        pod();
        inPod("short", "read line; exit 4", "-i");
        inPod("long", "i=0; while :; do echo $i; i=$((i+1)); sleep 0.2; done");
        podman.run("kill", "short").ok();
        assertThat(podman.run("wait", "short").ok().out()).isEqualTo("137\n");
        podman.run("rm", "short").ok();
        assertOneVm(2);
        int before = podman.run("logs", "long").ok().lines().size();
        Await.until(
                "more output",
                PATIENCE,
                () -> podman.run("logs", "long").ok().lines().size() > before);
        inPod("short", "exit 5");
        assertThat(podman.run("wait", "short").ok().out()).isEqualTo("5\n");
        podman.run("restart", "--time", "0", "long").ok();
        assertOneVm(2);
    }

    @Test
    void processesAreSharedWhereThePodSaysSo() {
        pod("--share", "pid,net");
        inPod("web", "exec sleep 1001");
        inPod("other", "exec sleep 1002");
        assertThat(exec("web", "ps"))
                .contains("sleep 1000")
                .contains("sleep 1001")
                .contains("sleep 1002");
        podman.run("kill", "other").ok();
        podman.run("wait", "other").ok();
        assertThat(exec("web", "ps")).contains("sleep 1001").doesNotContain("sleep 1002");
    }

    @Test
    void theVmGrowsByTheLimitsOfThoseThatJoin() {
        pod();
        inPod("web", "sleep 1000");
        inPod("big", "sleep 1000", "-m", "900m");
        assertThat(exec("big", "cat", "/sys/fs/cgroup/memory.max")).isEqualTo("943718400\n");
        assertThat(exec("big", "dd", "if=/dev/zero", "of=/dev/null", "bs=700M", "count=1"))
                .isEmpty();
        assertThat(total()).isGreaterThan(1300);
        podman.run("rm", "--force", "--time", "0", "big").ok();
        Await.until("the memory to be given back", PATIENCE, () -> total() < 700, () -> total() + " MiB");
    }

    private static int total() {
        return Integer.parseInt(
                exec("web", "sh", "-c", "free -m | awk '/^Mem/ {print $2}'").strip());
    }

    @Test
    void aKilledDaemonIsNotNoticed() {
        pod();
        inPod("web", "i=0; while [ $i -lt 30 ]; do echo $i; i=$((i+1)); sleep 0.1; done; exit 7");
        inPod("other", "sleep 1000");
        node.killDaemon();
        assertThat(podman.run("wait", "web").ok().out()).isEqualTo("7\n");
        // Whichever started the daemon, its monitor does not wait for that.
        String id = podman.run("inspect", "-f", "{{.Id}}", "web").ok().out().strip();
        Await.until(
                "the monitor of web to end",
                PATIENCE,
                () -> Processes.withCommandLine("-c " + id).isEmpty());
        assertThat(podman.run("logs", "web").ok().lines()).hasSize(30).endsWith("29");
        assertThat(exec("other", "echo", "here")).isEqualTo("here\n");
        assertOneVm(2);
        podman.run("stop", "--time", "0", "--all").ok();
        // The next daemon was started by a process that stands for a container, in the pod's cgroup; not so the one
        // after it.
        node.killDaemon();
        node.run("ps").ok();
    }

    @Test
    void aKilledVmEndsEachWith137() {
        pod();
        inPod("web", "sleep 1000");
        node.vmms().forEach(Processes::kill);
        assertThat(podman.run("wait", "web").ok().out()).isEqualTo("137\n");
        assertThat(node.log()).contains("ended: VMM_DIED: ");
    }
}
