package hako.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What the kubelet asks of a runtime, asked of a real server by the real crictl. */
@VmTest
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class CriContract {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private static final String COUNT = "i=0; while :; do echo $i; i=$((i+1)); sleep 0.2; done";

    @RegisterExtension
    final SharedNode shared = SharedNode.create();

    private CriServer server;

    abstract CriServer serve(HakoNode node);

    @BeforeAll
    void start() {
        shared.node().run("ps").ok(); // a daemon that a monitor has started would be its child
        server = serve(shared.node());
    }

    @AfterAll
    void stop() {
        if (server != null) {
            server.close();
        }
    }

    @AfterEach
    void nothingIsLeft() {
        server.removePods();
        node().awaitNoTraces();
    }

    private HakoNode node() {
        return shared.node();
    }

    CriServer server() {
        return server;
    }

    private void assertOneVm() {
        assertThat(node().vms()).hasSize(1);
        assertThat(node().sandboxVmms()).hasSize(1);
    }

    private static void awaitMore(CriPod pod, String name) {
        awaitMore(pod, name, lines(pod, name).size());
    }

    private static void awaitMore(CriPod pod, String name, int lines) {
        Await.until("more output", PATIENCE, () -> lines(pod, name).size() > lines);
    }

    private static List<String> lines(CriPod pod, String name) {
        return Temporary.read(pod.log(name)).lines().toList();
    }

    private static void awaitEnd(CriPod pod, String container) {
        Await.until("its end", PATIENCE, () -> pod.state(container).equals("CONTAINER_EXITED"));
    }

    @Test
    void aPodIsOneVmWhoseContainersShareNetworkIpcAndNames() {
        CriPod pod = server.pod("pod", CriPod.Share.NETWORK_AND_IPC);
        String web = pod.start("web", "mkdir /www; echo hello >/www/index.html; exec httpd -f -p 8000 -h /www", 64);
        String client = pod.start("client", "echo one; echo two >&2; exec sleep 1000", 96);

        assertOneVm();
        assertThat(server.crictl("ps", "-q").ok().lines()).containsExactlyInAnyOrder(web, client);
        assertThat(pod.exec(client, "wget", "-qO-", "http://127.0.0.1:8000/")).isEqualTo("hello\n");
        assertThat(Page.read(server.networkNamespace(), pod.address(), 8000)).isEqualTo("hello\n");
        for (String kind : List.of("net", "ipc", "uts")) {
            String link = "/proc/self/ns/" + kind;
            assertThat(pod.exec(client, "readlink", link)).isEqualTo(pod.exec(web, "readlink", link));
        }
        assertThat(pod.exec(client, "readlink", "/proc/self/ns/pid"))
                .isNotEqualTo(pod.exec(web, "readlink", "/proc/self/ns/pid"));
        pod.exec(web, "sh", "-c", "echo shared >/dev/shm/f");
        assertThat(pod.exec(client, "cat", "/dev/shm/f")).isEqualTo("shared\n");
        assertThat(pod.exec(client, "ls", "/")).doesNotContain("www");
        assertThat(pod.exec(client, "hostname")).isEqualTo(CriPod.HOSTNAME + "\n");
        assertThat(pod.exec(client, "cat", "/etc/resolv.conf"))
                .contains("nameserver 10.77.0.9")
                .contains("search pods.test");
        assertThat(pod.exec(web, "cat", "/sys/fs/cgroup/memory.max")).isEqualTo((64 << 20) + "\n");
        assertThat(pod.exec(client, "cat", "/sys/fs/cgroup/memory.max")).isEqualTo((96 << 20) + "\n");
        assertThat(server.crictl("logs", client).ok())
                .satisfies(logs -> assertThat(logs.out()).isEqualTo("one\n"))
                .satisfies(logs -> assertThat(logs.err()).isEqualTo("two\n"));
    }

    @Test
    void processesAreSharedWhereThePodSaysSo() {
        CriPod pod = server.pod("pod", CriPod.Share.PROCESSES);
        pod.start("one", "exec sleep 1001");
        String two = pod.start("two", "exec sleep 1002");

        assertThat(pod.exec(two, "ps")).contains("sleep 1001").contains("sleep 1002");
        assertOneVm();
    }

    @Test
    void theVmIsAsLargeAsThePodIsToBeAndHasItsSysctls() {
        CriPod pod = CriPod.run(server, "pod", CriPod.Share.PROCESSES, """
                "resources": {"memory_limit_in_bytes": 900000000}, "sysctls": {"net.ipv4.ip_forward": "1"},
                """);
        String web = pod.start("web", "sleep 1000");

        assertThat(Integer.parseInt(pod.exec(web, "sh", "-c", "free -m | awk '/^Mem/ {print $2}'")
                        .strip()))
                .isGreaterThan(850);
        assertThat(pod.exec(web, "cat", "/proc/sys/net/ipv4/ip_forward")).isEqualTo("1\n");
    }

    @Test
    void anExecHasStreamsATerminalAndAnExitCode() {
        CriPod pod = server.pod("pod", CriPod.Share.NETWORK_AND_IPC);
        String web = pod.start("web", "sleep 1000");

        assertThat(server.command("exec", "-i", web, "sh", "-c", "cat; echo error >&2")
                        .input("typed\n")
                        .run()
                        .ok())
                .satisfies(exec -> assertThat(exec.out()).isEqualTo("typed\n"))
                .satisfies(exec -> assertThat(exec.err()).contains("error"));
        assertThat(server.crictl("exec", "--sync", web, "sh", "-c", "exit 3").err())
                .contains("exited with 3");
        // Not to be ended by the command: CRI-O may then drop what a terminal still had to say.
        try (Running shell = server.atTerminal("exec", "-it", web, "sh")) {
            shell.type("tty\n").says("/dev/pts/").type("exit\n").await().ok();
        }
    }

    @Test
    void oneEndsAndTheOthersRunOn() {
        CriPod pod = server.pod("pod", CriPod.Share.NETWORK_AND_IPC);
        String counter = pod.start("counter", COUNT);
        String five = pod.start("five", "exit 5");
        awaitEnd(pod, five);
        assertThat(pod.exitCode(five)).isEqualTo(5);
        String trapping = pod.start("trapping", "trap 'exit 6' TERM; echo ready; while :; do sleep 0.1; done");
        awaitMore(pod, "trapping", 0);
        server.crictl("stop", "-t", "10", trapping).ok();
        assertThat(pod.exitCode(trapping)).isEqualTo(6);
        server.crictl("rm", five, trapping).ok();

        awaitMore(pod, "counter");
        pod.start("long", "sleep 1000");
        assertOneVm();
        server.crictl("stop", "-t", "0", counter).ok();
        assertThat(pod.exitCode(counter)).isEqualTo(137);
        assertOneVm();
    }

    @Test
    void twoPodsAreTwoVms() {
        CriPod one = server.pod("one", CriPod.Share.NETWORK_AND_IPC);
        CriPod two = server.pod("two", CriPod.Share.NETWORK_AND_IPC);
        one.start("web", "mkdir /www; echo hello >/www/index.html; exec httpd -f -p 8000 -h /www");
        String client = two.start("client", "sleep 1000");

        assertThat(node().sandboxVmms()).hasSize(2);
        Await.until(
                "one pod to be seen from the other",
                PATIENCE,
                () -> server.crictl("exec", client, "wget", "-qO-", "http://%s:8000/".formatted(one.address()))
                        .out()
                        .equals("hello\n"));
    }

    @Test
    void aLimitIsUpdatedAndTheVmGrows() {
        CriPod pod = server.pod("pod", CriPod.Share.NETWORK_AND_IPC);
        String web = pod.start("web", "sleep 1000");

        server.crictl("update", "--memory", Long.toString(700L << 20), web).ok();

        assertThat(pod.exec(web, "cat", "/sys/fs/cgroup/memory.max")).isEqualTo((700 << 20) + "\n");
        assertThat(pod.exec(web, "dd", "if=/dev/zero", "of=/dev/null", "bs=500M", "count=1"))
                .isEmpty();
    }

    /** Of what stands for a container on the host: the VM's are Hako's to tell. */
    @Test
    void statisticsAreThoseOfTheProcessThatStays() {
        CriPod pod = server.pod("pod", CriPod.Share.NETWORK_AND_IPC);
        String web = pod.start("web", "tail /dev/zero & sleep 1000");

        Json stats =
                Json.parse(server.crictl("stats", "-o", "json", web).ok().out()).at("stats.0");
        assertThat(stats.at("attributes.id").text()).isEqualTo(web);
        assertThat(stats.at("memory.workingSetBytes.value").number()).isLessThan(4L << 20);
        assertThat(server.crictl("statsp", "-o", "json").ok().out()).contains(pod.id());
    }

    @Test
    void aLogThatWasRotatedIsOpenedAnew() throws IOException {
        CriPod pod = server.pod("pod", CriPod.Share.NETWORK_AND_IPC);
        String counter = pod.start("counter", COUNT);
        awaitMore(pod, "counter");
        Path log = pod.log("counter");
        Files.move(log, log.resolveSibling("counter.log.1"));

        server.crictl("logs", "--reopen", counter).ok();

        Await.until(
                "the new log",
                PATIENCE,
                () -> Files.exists(log) && !lines(pod, "counter").isEmpty());
    }

    @Test
    void aKilledDaemonIsNotNoticed() {
        CriPod pod = server.pod("pod", CriPod.Share.NETWORK_AND_IPC);
        String counter =
                pod.start("counter", "i=0; while [ $i -lt 30 ]; do echo $i; i=$((i+1)); sleep 0.1; done; exit 7");
        String other = pod.start("other", "sleep 1000");

        node().killDaemon();

        awaitEnd(pod, counter);
        assertThat(pod.exitCode(counter)).isEqualTo(7);
        assertThat(lines(pod, "counter")).hasSize(30).last().asString().endsWith(" F 29");
        assertThat(pod.exec(other, "echo", "here")).isEqualTo("here\n");
        assertOneVm();
    }

    @Test
    void aRestartedServerFindsItsPods() {
        CriPod pod = server.pod("pod", CriPod.Share.NETWORK_AND_IPC);
        String counter = pod.start("counter", COUNT);
        String ending = pod.start("ending", "sleep 4; exit 8");
        int running = node().run("ps", "-q").ok().lines().size();

        server.restart(() -> Await.until(
                "one to end",
                PATIENCE,
                () -> node().run("ps", "-q").ok().lines().size() == running - 1));

        assertThat(server.crictl("ps", "-q").ok().lines()).containsExactly(counter);
        assertThat(pod.exitCode(ending)).isEqualTo(server.codeOfOneThatEndedMeanwhile());
        assertThat(pod.exec(counter, "echo", "here")).isEqualTo("here\n");
        awaitMore(pod, "counter");
        pod.start("another", "sleep 1000");
        assertOneVm();
    }

    @Test
    void theHostsNetworkIsRefused() {
        Path config = CriPod.configure(server, "pod", CriPod.Share.NETWORK_OF_THE_HOST, "");
        Result refused = CriPod.tryRun(server, config);
        if (refused.exitCode() == 0) { // nothing of a pod without containers runs
            refused = new CriPod(server, refused.out().strip(), config, CriPod.Share.NETWORK_OF_THE_HOST)
                    .tryCreate("web", "true", 64);
        }

        assertThat(refused.exits(1).err())
                .contains("a container in a VM cannot have the host's network: give it a network namespace");
    }

    @Test
    void aContainerThatTookTooMuchMemoryIsSaidToHave() {
        CriPod pod = server.pod("greedy", CriPod.Share.NETWORK_AND_IPC);
        String greedy = pod.start("greedy", "exec tail /dev/zero", 64);
        awaitEnd(pod, greedy);

        assertThat(pod.exitCode(greedy)).isEqualTo(137);
        assertThat(pod.reason(greedy)).isEqualTo("OOMKilled");
    }

    @Test
    void aKilledVmEndsItsContainersWith137() {
        CriPod pod = server.pod("pod", CriPod.Share.NETWORK_AND_IPC);
        String web = pod.start("web", "sleep 1000");

        node().vmms().forEach(Processes::kill);

        awaitEnd(pod, web);
        assertThat(pod.exitCode(web)).isEqualTo(137);
    }
}
