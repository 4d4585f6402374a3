package hako.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The real Docker with {@code hako-runtime} for its default runtime. */
@VmTest
class DockerTest {
    @RegisterExtension
    static final SharedNode shared = SharedNode.create();

    private static Docker docker;

    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private static final Path tools = Temporary.folder("tools");

    private final HakoNode node = shared.node();

    @BeforeAll
    static void start() {
        docker = new Docker(shared.node());
    }

    @AfterAll
    static void stop() {
        if (docker != null) {
            docker.close();
        }
        Temporary.delete(tools);
    }

    @AfterEach
    void nothingIsLeft() {
        docker.removeContainers();
        docker.run("network", "prune", "-f").ok();
        node.awaitNoTraces();
    }

    private static Result run(String... script) {
        List<String> line = new java.util.ArrayList<>(List.of("run", "--rm", "--network", "none"));
        line.addAll(List.of(script));
        return docker.run(line.toArray(String[]::new));
    }

    private static void detached(String name, String script) {
        docker.run("run", "-d", "--network", "none", "--name", name, Docker.IMAGE, "sh", "-c", script)
                .ok();
    }

    @Test
    void aDaemonOfDockersThatDoesNotServeInTimeIsNotLeftBehind() {
        List<Long> before = Processes.withCommandLine("dockerd");
        assertThat(before).isNotEmpty();

        assertThatThrownBy(() -> new Docker(node, Duration.ZERO)).hasMessageContaining("for dockerd to serve");

        assertThat(Processes.withCommandLine("dockerd")).isEqualTo(before);
    }

    @Test
    void aContainerRunsOnAKernelOfItsOwn() {
        Result result = run(Docker.IMAGE, "sh", "-c", "echo out; echo err >&2; uname -r; exit 5");
        assertThat(result.exitCode()).isEqualTo(5);
        assertThat(result.lines().getFirst()).isEqualTo("out");
        assertThat(result.lines().getLast())
                .isNotEqualTo(Command.of("uname", "-r").run().lines().getFirst());
        assertThat(result.err()).isEqualTo("err\n");
    }

    @Test
    void aContainerJoinsTheNetworkAndTheNamespacesOfAnother() {
        docker.run(
                        "run",
                        "-d",
                        "--name",
                        "web",
                        "--ipc",
                        "shareable",
                        Docker.IMAGE,
                        "sh",
                        "-c",
                        "exec httpd -f -p 8000 -h /etc")
                .ok();
        Result result = docker.run(
                "run",
                "--rm",
                "--network",
                "container:web",
                "--ipc",
                "container:web",
                "--pid",
                "container:web",
                Docker.IMAGE,
                "sh",
                "-c",
                "wget -qO- http://127.0.0.1:8000/passwd; ip -o -4 addr show dev eth0; ps; readlink /proc/self/ns/ipc");
        assertThat(result.ok().out()).contains("root:").contains("inet 172.").contains("httpd -f");
        assertThat(result.lines().getLast())
                .isEqualTo(docker.run("exec", "web", "readlink", "/proc/self/ns/ipc")
                        .ok()
                        .lines()
                        .getLast());
        docker.run("run", "-d", "--name", "beside", "--network", "container:web", Docker.IMAGE, "sleep", "1000")
                .ok();
        assertThat(node.vms()).hasSize(1);
        docker.run("rm", "-f", "beside").ok();
        assertThat(docker.run("exec", "web", "echo", "still here").ok().out()).isEqualTo("still here\n");
    }

    @Test
    void aContainerThatSharesAVmHasItsNetworkOrNone() {
        docker.run("run", "-d", "--name", "web", "--ipc", "shareable", Docker.IMAGE, "sleep", "1000")
                .ok();
        assertThat(docker.run("run", "--rm", "--ipc", "container:web", Docker.IMAGE, "true")
                        .err())
                .contains("it is not that of the VM which this container shares with others");
        assertThat(run("--ipc", "container:web", Docker.IMAGE, "ip", "-o", "link")
                        .ok()
                        .out())
                .contains("lo:")
                .doesNotContain("eth0");
    }

    @Test
    void aCommandThatIsNotThereIs127AndOneThatCannotRun126() {
        assertThat(run(Docker.IMAGE, "nosuch").exitCode()).isEqualTo(127);
        assertThat(run(Docker.IMAGE, "/etc").exitCode()).isEqualTo(126);
    }

    @Test
    void inputTerminalAndExec() {
        assertThat(docker.docker("run", "--rm", "-i", "--network", "none", Docker.IMAGE, "cat")
                        .input("typed")
                        .run()
                        .ok()
                        .out())
                .isEqualTo("typed");
        assertThat(run("-t", Docker.IMAGE, "tty").ok().out()).startsWith("/dev/pts/");
        detached("web", "sleep 1000");
        Result exec = docker.docker("exec", "-i", "web", "sh", "-c", "cat; id -u; exit 6")
                .input("in")
                .run();
        assertThat(exec.exitCode()).isEqualTo(6);
        assertThat(exec.out()).isEqualTo("in0\n");
        assertThat(docker.run("exec", "-t", "-u", "7:8", "web", "sh", "-c", "tty; id -u")
                        .ok()
                        .out())
                .matches("(?s)/dev/pts/\\d+\\s+7\\s+");
    }

    @Test
    void stopLogsStartAndPause() {
        detached("web", "trap 'echo bye; exit 3' TERM; echo up; while :; do sleep 0.1; done");
        Await.until(
                "its output", PATIENCE, () -> docker.run("logs", "web").out().equals("up\n"));
        docker.run("pause", "web").ok();
        assertThat(docker.run("ps", "--format", "{{.Status}}").out()).contains("(Paused)");
        docker.run("unpause", "web").ok();
        docker.run("stop", "web").ok();
        assertThat(docker.run("logs", "web").ok().out()).isEqualTo("up\nbye\n");
        assertThat(docker.run("wait", "web").ok().out()).isEqualTo("3\n");
        docker.run("start", "web").ok();
        docker.run("restart", "-t", "5", "web").ok();
        docker.run("kill", "web").ok();
        assertThat(docker.run("wait", "web").ok().out()).isEqualTo("137\n");
    }

    @Test
    void volumesAndLimitsApply() {
        Path volume = Temporary.folder("vol");
        Temporary.write(volume.resolve("file"), "from the host\n");
        Result result = run(
                "-v",
                volume + ":/v",
                "-m",
                "100m",
                "--pids-limit",
                "50",
                "--read-only",
                "--tmpfs",
                "/t",
                "--user",
                "5:6",
                "--ulimit",
                "nofile=100",
                Docker.IMAGE,
                "sh",
                "-c",
                "cat /v/file; cat /sys/fs/cgroup/memory.max /sys/fs/cgroup/pids.max; ulimit -n; id -u; touch /x || touch /t/x");
        Temporary.delete(volume);
        assertThat(result.ok().lines()).containsExactly("from the host", "104857600", "50", "100", "5");
        assertThat(result.err()).contains("Read-only file system");
    }

    @Test
    void aBlockDeviceIsADiskOfTheGuestAndPrivilegedGivesNoneOfTheHosts() {
        try (LoopDevice disk = LoopDevice.create()) {
            disk.write("from the host");
            String given = disk.path() + ":/dev/xvdc";
            assertThat(run(
                                    "--device",
                                    given,
                                    "--device",
                                    "/dev/fuse",
                                    "--device-write-bps",
                                    disk.path() + ":8mb",
                                    Docker.IMAGE,
                                    "sh",
                                    "-c",
                                    "head -c 13 /dev/xvdc; printf 'from the guest' >/dev/xvdc; : <>/dev/fuse")
                            .ok()
                            .out())
                    .isEqualTo("from the host");
            assertThat(disk.read(14)).isEqualTo("from the guest");
            Result reads =
                    run("--device", given + ":r", Docker.IMAGE, "sh", "-c", "head -c 14 /dev/xvdc; echo x >/dev/xvdc");
            assertThat(reads.out()).isEqualTo("from the guest");
            assertThat(reads.err()).contains("/dev/xvdc: ");
            Result privileged = run(
                    "--privileged",
                    "--device",
                    given,
                    Docker.IMAGE,
                    "sh",
                    "-c",
                    "printf privileged >/dev/xvdc; [ -c /dev/fuse ] && mount -t tmpfs none /tmp && echo mounted; ls "
                            + disk.path());
            assertThat(privileged.out()).isEqualTo("mounted\n");
            assertThat(privileged.err()).contains(disk.path() + ": No such file");
            assertThat(disk.read(10)).isEqualTo("privileged");
        }
    }

    @Test
    void whatRunIsToldIsSoInTheGuest() {
        Result result = run(
                "--init",
                "--shm-size",
                "32m",
                "--tmpfs",
                "/t:size=4m",
                "--sysctl",
                "net.ipv4.ip_forward=1",
                "--sysctl",
                "kernel.msgmax=65000",
                "--cap-drop",
                "ALL",
                "--cap-add",
                "NET_ADMIN",
                "--security-opt",
                "no-new-privileges",
                "--oom-score-adj",
                "500",
                "--hostname",
                "named",
                "--ulimit",
                "core=0:100",
                "--pids-limit",
                "50",
                "-w",
                "/t",
                "-e",
                "A=b",
                Docker.IMAGE,
                "sh",
                "-c",
                "df -k /dev/shm /t | awk 'NR > 1 {print $2}'; cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/msgmax;"
                        + " grep -E 'CapEff|NoNewPrivs' /proc/self/status; cat /proc/self/oom_score_adj; hostname; ulimit -c;"
                        + " cat /sys/fs/cgroup/pids.max; pwd; echo $A; cat /proc/1/comm");
        assertThat(result.ok().lines())
                .containsExactly(
                        "32768",
                        "4096",
                        "1",
                        "65000",
                        "CapEff:\t0000000000001000",
                        "NoNewPrivs:\t1",
                        "500",
                        "named",
                        "0",
                        "50",
                        "/t",
                        "b",
                        "docker-init");
    }

    @Test
    void restartPoliciesAndHealthChecks() {
        docker.run(
                        "run",
                        "-d",
                        "--network",
                        "none",
                        "--name",
                        "again",
                        "--restart",
                        "on-failure:2",
                        Docker.IMAGE,
                        "sh",
                        "-c",
                        "echo turn; exit 3")
                .ok();
        docker.run(
                        "run",
                        "-d",
                        "--network",
                        "none",
                        "--name",
                        "web",
                        "--restart",
                        "always",
                        "--health-cmd",
                        "test -e /well",
                        "--health-interval",
                        "1s",
                        "--health-retries",
                        "1",
                        Docker.IMAGE,
                        "sleep",
                        "1000")
                .ok();
        awaitInspected("web", "{{.State.Health.Status}}", "unhealthy");
        docker.run("exec", "web", "touch", "/well").ok();
        awaitInspected("web", "{{.State.Health.Status}}", "healthy");
        awaitInspected("again", "{{.RestartCount}} {{.State.Status}} {{.State.ExitCode}}", "2 exited 3");
        assertThat(docker.run("logs", "again").ok().out()).isEqualTo("turn\nturn\nturn\n");
        node.vmms().forEach(Processes::kill);
        awaitInspected("web", "{{.RestartCount}} {{.State.Status}}", "1 running");
        docker.run("exec", "web", "test", "-e", "/well").ok();
    }

    /** Docker watches the container's cgroup on this host, where the guest's kernel kills nobody. */
    @Test
    void thatAContainerTookTooMuchMemoryIsTold() {
        Result greedy = docker.run("run", "--name", "greedy", "--memory", "64m", Docker.IMAGE, "tail", "/dev/zero");

        assertThat(greedy.exitCode()).isEqualTo(137);
        awaitInspected("greedy", "{{.State.OOMKilled}} {{.State.ExitCode}}", "true 137");
    }

    /** Its cgroup's on this host, in which the VM is. */
    @Test
    void statsTellWhatTheContainerTakesAndTopWhatWasStartedInIt() {
        docker.run(
                        "run",
                        "-d",
                        "--name",
                        "busy",
                        "--memory",
                        "256m",
                        "--shm-size",
                        "150m",
                        Docker.IMAGE,
                        "sh",
                        "-c",
                        "head -c 100m /dev/zero >/dev/shm/filled; while :; do :; done")
                .ok();
        Await.until(
                "a third of a processor and 100 MiB in the statistics",
                PATIENCE,
                () -> statistic("{{.CPUPerc}}") > 33 && statistic("{{.MemPerc}}") > 100.0 / 768 * 100,
                () -> docker.run("stats", "--no-stream").out());
        docker.run("exec", "-d", "busy", "sleep", "1000").ok();
        assertThat(docker.run("top", "busy").ok().out())
                .contains("while :; do :; done")
                .contains("hako-runtime sleep 1000");
    }

    private static double statistic(String format) {
        String text =
                docker.run("stats", "--no-stream", "--format", format, "busy").out();
        return Double.parseDouble(text.strip().replace("%", ""));
    }

    private static void awaitInspected(String name, String format, String value) {
        Await.until(
                name + " to be " + value,
                PATIENCE,
                () -> docker.run("inspect", "-f", format, name).out().strip().equals(value),
                () -> docker.run("inspect", name).out());
    }

    @Test
    void filesAreCopiedLimitsUpdatedAndImagesCommitted() {
        Path folder = Temporary.folder("cp");
        Temporary.write(folder.resolve("in"), "from the host\n");
        detached("web", "sleep 1000");
        docker.run("cp", folder + "/in", "web:/in").ok();
        docker.run("exec", "web", "sh", "-c", "cat /in && echo from the guest >/out")
                .ok();
        docker.run("cp", "web:/out", folder + "/out").ok();
        assertThat(Temporary.read(folder.resolve("out"))).isEqualTo("from the guest\n");
        Temporary.delete(folder);
        docker.run("update", "--memory", "64m", "--memory-swap", "64m", "--pids-limit", "30", "web")
                .ok();
        assertThat(docker.run("exec", "web", "cat", "/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/pids.max")
                        .ok()
                        .lines())
                .containsExactly("67108864", "30");
        docker.run("commit", "web", "committed").ok();
        assertThat(run("committed", "cat", "/in", "/out").ok().out()).isEqualTo("from the host\nfrom the guest\n");
    }

    @Test
    void whateverAVolumesPropagationItIsMountedInTheGuest() {
        Path volume = Temporary.folder("vol");
        Temporary.write(volume.resolve("file"), "from the host\n");
        Command.of("mount", "--bind", volume.toString(), volume.toString())
                .run()
                .ok();
        Command.of("mount", "--make-rshared", volume.toString()).run().ok();
        try {
            for (String propagation : List.of("rprivate", "rslave", "rshared")) {
                Result result = run(
                        "-v",
                        volume + ":/v:" + propagation,
                        Docker.IMAGE,
                        "sh",
                        "-c",
                        "cat /v/file; grep ' /v ' /proc/self/mountinfo");
                assertThat(result.ok().out()).startsWith("from the host\n");
                assertThat(result.out().contains(" shared:")).isEqualTo(propagation.equals("rshared"));
            }
        } finally {
            Command.of("umount", volume.toString()).run().ok();
            Temporary.delete(volume);
        }
    }

    @Test
    void theSizeOfTheTerminalIsFollowed() {
        TerminalSize.isFollowed(
                script -> docker.docker("run", "--rm", "-it", "--network", "none", Docker.IMAGE, "sh", "-c", script));
    }

    @Test
    void cpusAreTheGuestsQuota() {
        docker.run("run", "-d", "--network", "none", "--name", "web", "--cpus", "1.5", Docker.IMAGE, "sleep", "1000")
                .ok();
        String quota = "echo $(nproc) $(cat /sys/fs/cgroup/cpu.max)";
        assertThat(docker.run("exec", "web", "sh", "-c", quota).ok().out()).isEqualTo("2 150000 100000\n");
        docker.run("update", "--cpus", "0.5", "web").ok();
        assertThat(docker.run("exec", "web", "sh", "-c", quota).ok().out()).isEqualTo("1 50000 100000\n");
    }

    @Test
    void anImageIsBuiltThroughTheRuntime() {
        Path context = Temporary.folder("build");
        Temporary.write(context.resolve("Dockerfile"), "FROM " + Docker.IMAGE + "\nRUN uname -r >/kernel\n");
        docker.docker("build", "--network", "none", "-t", "made", context.toString())
                .with("DOCKER_BUILDKIT", "0")
                .run()
                .ok();
        Temporary.delete(context);
        assertThat(run("made", "sh", "-c", "[ \"$(uname -r)\" = \"$(cat /kernel)\" ] && echo same")
                        .ok()
                        .out())
                .isEqualTo("same\n");
    }

    @Test
    void itsNetworkReachesIntoTheVm() {
        docker.run(
                        "run",
                        "-d",
                        "--name",
                        "srv",
                        "-p",
                        "127.0.0.1:18099:80",
                        Docker.IMAGE,
                        "sh",
                        "-c",
                        "echo page >/index.html; exec httpd -f -p 80 -h /")
                .ok();
        String address = docker.run("inspect", "-f", "{{.NetworkSettings.IPAddress}}", "srv")
                .ok()
                .out()
                .strip();

        Await.until(
                "the published port",
                PATIENCE,
                () -> docker.get("127.0.0.1", 18099).equals("page\n"));
        assertThat(docker.get(address, 80)).isEqualTo("page\n");
        Result other = docker.run(
                        "run",
                        "--rm",
                        "--link",
                        "srv",
                        Docker.IMAGE,
                        "sh",
                        "-c",
                        "wget -qO- http://srv/; ip -4 addr show eth0")
                .ok();
        assertThat(other.out()).startsWith("page\n").contains("inet 172.");

        node.killDaemon();
        assertThat(docker.get("127.0.0.1", 18099)).isEqualTo("page\n");
    }

    @Test
    void aNetworkIsConnectedAndDisconnectedWhileItRuns() {
        docker.run("network", "create", "--subnet", "10.123.1.0/24", "one").ok();
        docker.run("network", "create", "--subnet", "10.123.2.0/24", "two").ok();
        docker.run("run", "-d", "--network", "one", "--name", "web", Docker.IMAGE, "sleep", "1000")
                .ok();
        docker.run("run", "-d", "--network", "two", "--name", "srv", Docker.IMAGE, "sleep", "1000")
                .ok();
        assertThat(guest("web", "ip -4 addr")).contains("10.123.1.2/24").doesNotContain("10.123.2.");

        docker.run("network", "connect", "--ip", "10.123.2.77", "two", "web").ok();
        awaitGuest("web", "ip addr show eth1", "10.123.2.77/24");
        guest("web", "ping -c 1 -W 5 10.123.2.2");
        node.killDaemon();
        docker.run("network", "disconnect", "one", "web").ok();
        awaitGuest("web", "ls /sys/class/net; ip route", "eth1\nlo\n", "default via 10.123.2.1 dev eth1");
        docker.run("network", "connect", "one", "web").ok();
        awaitGuest("web", "ip -4 addr", "10.123.1.");
        docker.run("network", "disconnect", "two", "web").ok();
        awaitGuest("web", "ls /sys/class/net; ip route", "eth2\nlo\n", "default via 10.123.1.1 dev eth2");
    }

    /** Docker's name server listens on the loopback of the container's namespace, and asks others from within that. */
    @Test
    void containersTalkByNameOnANetworkOfTheirs() {
        docker.run("network", "create", "--subnet", "10.123.1.0/24", "one").ok();
        docker.run("network", "create", "--subnet", "10.123.2.0/24", "two").ok();
        String page = "hostname >/index.html; exec httpd -f -p 80 -h /";
        serve("plain", page, "--runtime", "runc", "--network", "one", "--network-alias", "shop");
        serve("srv", page, "--network", "one", "--network-alias", "store", "--hostname", "inside");
        serve("web", page, "--network", "one", "--dns", "10.123.1.1", "--hostname", "web");
        serve("far", page, "--network", "two", "--hostname", "distant");
        serve("late", page);

        assertThat(
                        guest(
                                "web",
                                "wget -qO- http://plain/; wget -qO- http://shop/; wget -qO- http://srv/; wget -qO- http://store/"))
                .endsWith("inside\ninside\n");
        assertThat(guest("plain", "wget -qO- http://web/; wget -qO- http://srv/"))
                .isEqualTo("web\ninside\n");
        try (Running outside = docker.start(
                CProgram.compile("name-server.c", tools, "name-server").toString())) {
            outside.says("serving");
            assertThat(guest("web", "nslookup outside.test")).contains("192.0.2.7");
            long began = System.nanoTime();
            Result unknown = docker.run("exec", "web", "nslookup", "nosuch.test");
            assertThat(unknown.exitCode()).isNotZero();
            assertThat(unknown.out() + unknown.err()).contains("NXDOMAIN");
            assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(4));
        }
        assertThat(guest("web", "nc -l -p 53 & sleep 0.1; kill $! && echo free"))
                .isEqualTo("free\n");

        node.killDaemon();
        assertThat(guest("web", "wget -qO- http://srv/")).isEqualTo("inside\n");
        docker.run("network", "connect", "two", "web").ok();
        awaitGuest("web", "timeout 5 wget -qO- http://far/ || true", "distant");
        assertThat(guest("web", "wget -qO- http://srv/")).isEqualTo("inside\n");
        docker.run("network", "connect", "two", "late").ok();
        awaitGuest("late", "timeout 5 wget -qO- http://far/ || true", "distant");
    }

    private static void serve(String name, String script, String... options) {
        List<String> line = new java.util.ArrayList<>(List.of("run", "-d", "--name", name));
        line.addAll(List.of(options));
        line.addAll(List.of(Docker.IMAGE, "sh", "-c", script));
        docker.run(line.toArray(String[]::new)).ok();
    }

    private static String guest(String name, String script) {
        return docker.run("exec", name, "sh", "-c", script).ok().out();
    }

    private static void awaitGuest(String name, String script, String... says) {
        Await.until(
                "the guest to say " + String.join(", ", says),
                PATIENCE,
                () -> Stream.of(says).allMatch(guest(name, script)::contains),
                () -> guest(name, script));
    }

    @Test
    @Timeout(240)
    void aDaemonKilledUnderTwentyContainersIsNotNoticed() {
        Path volume = Temporary.folder("vol");
        List<String> names = IntStream.range(0, 20).mapToObj(i -> "c" + i).toList();
        String script = "i=0; while [ ! -e /v/end ]; do echo $i; i=$((i+1)); sleep 0.5; done; exit 7";
        for (String name : names) {
            docker.run(
                            "run",
                            "-d",
                            "--network",
                            "none",
                            "--name",
                            name,
                            "-v",
                            volume + ":/v",
                            Docker.IMAGE,
                            "sh",
                            "-c",
                            script)
                    .ok();
        }
        node.killDaemon();
        List<Integer> then = names.stream().map(DockerTest::logged).toList();
        docker.run("exec", "c7", "true").ok();
        for (int i = 0; i < names.size(); i++) {
            String name = names.get(i);
            int before = then.get(i);
            Await.until("more output of " + name, PATIENCE, () -> logged(name) > before + 1);
        }
        Temporary.write(volume.resolve("end"), "");
        for (String name : names) {
            assertThat(docker.run("wait", name).ok().out()).isEqualTo("7\n");
            List<String> lines = docker.run("logs", name).ok().lines();
            assertThat(lines)
                    .isEqualTo(IntStream.range(0, lines.size())
                            .mapToObj(Integer::toString)
                            .toList());
        }
        docker.removeContainers();
        Temporary.delete(volume);
    }

    private static int logged(String name) {
        return docker.run("logs", name).ok().lines().size();
    }

    @Test
    void aKilledVmIs137AndTheLogTellsWhy() {
        detached("web", "sleep 1000");
        node.vmms().forEach(Processes::kill);
        assertThat(docker.run("wait", "web").ok().out()).isEqualTo("137\n");
        assertThat(node.log()).contains("QEMU was killed by signal 9");
    }
}
