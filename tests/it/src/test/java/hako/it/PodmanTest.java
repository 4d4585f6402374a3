package hako.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The real Podman with {@code hako-runtime} for its runtime. */
@VmTest
class PodmanTest {
    @RegisterExtension
    static final SharedNode shared = SharedNode.create();

    private static Podman podman;

    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private final HakoNode node = shared.node();

    @BeforeAll
    static void start() {
        podman = new Podman(shared.node());
    }

    @AfterAll
    static void stop() {
        podman.close();
    }

    @AfterEach
    void nothingIsLeft() {
        podman.run("rm", "--all", "--force").ok();
        node.awaitNoTraces();
    }

    private static Result run(String... rest) {
        List<String> line = new ArrayList<>(List.of("run", "--rm", "--network", "none"));
        line.addAll(List.of(rest));
        return podman.run(line.toArray(String[]::new));
    }

    private static void detached(String name, String script) {
        podman.run("run", "-d", "--network", "none", "--name", name, Podman.IMAGE, "sh", "-c", script)
                .ok();
    }

    @Test
    void streamsAndExitCodesPass() {
        Result result = run(Podman.IMAGE, "sh", "-c", "echo out; echo err >&2; exit 5");
        assertThat(result.exitCode()).isEqualTo(5);
        assertThat(result.out()).isEqualTo("out\n");
        assertThat(result.err()).isEqualTo("err\n");
        assertThat(run(Podman.IMAGE, "nosuch").exitCode()).isEqualTo(127);
        assertThat(run(Podman.IMAGE, "/etc").exitCode()).isEqualTo(126);
    }

    @Test
    void inputTerminalAndExec() {
        assertThat(podman.podman("run", "--rm", "-i", "--network", "none", Podman.IMAGE, "cat")
                        .input("typed")
                        .run()
                        .ok()
                        .out())
                .isEqualTo("typed");
        assertThat(run("-t", Podman.IMAGE, "tty").ok().out()).startsWith("/dev/pts/");
        detached("web", "sleep 1000");
        Result exec = podman.podman("exec", "-i", "web", "sh", "-c", "cat; exit 6")
                .input("in")
                .run();
        assertThat(exec.exitCode()).isEqualTo(6);
        assertThat(exec.out()).isEqualTo("in");
        podman.run("kill", "web").ok();
        assertThat(podman.run("wait", "web").ok().out()).isEqualTo("137\n");
    }

    @Test
    void stopLogsRestartAndPause() {
        detached("web", "trap 'echo bye; exit 3' TERM; echo up; while :; do sleep 0.1; done");
        Await.until(
                "its output", PATIENCE, () -> podman.run("logs", "web").out().equals("up\n"));
        podman.run("pause", "web").ok();
        assertThat(podman.run("ps", "-a", "--format", "{{.Status}}").out()).contains("aused");
        podman.run("unpause", "web").ok();
        podman.run("stop", "web").ok();
        assertThat(podman.run("logs", "web").ok().out()).isEqualTo("up\nbye\n");
        assertThat(podman.run("wait", "web").ok().out()).isEqualTo("3\n");
        podman.run("restart", "web").ok();
        assertThat(podman.run("exec", "web", "echo", "again").ok().out()).isEqualTo("again\n");
    }

    @Test
    void aContainerThatIsRestartedHasTheLinksOfItsNamespaceAgain() {
        try (Cable cable = Cable.connect(node, 1500)) {
            podman.run(
                            "run",
                            "-d",
                            "--network",
                            "ns:" + cable.namespace(),
                            "--cap-add",
                            "NET_RAW",
                            "--name",
                            "web",
                            Podman.IMAGE,
                            "sleep",
                            "1000")
                    .ok();
            podman.run("exec", "web", "ping", "-c", "1", "-W", "5", "10.9.8.1").ok();
            podman.run("restart", "--time", "0", "web").ok();
            podman.run("exec", "web", "ping", "-c", "1", "-W", "5", "10.9.8.1").ok();
            podman.run("rm", "--force", "web").ok();
        }
    }

    @Test
    void aNetworkIsConnectedAndDisconnectedWhileItRuns() {
        node.run("version").ok(); // the daemon is the host's
        try (Cable host = Cable.none(node)) {
            host.near("ip link set lo up");
            String near = host.namespace().toString();
            String one = "one-" + node.bridge();
            String two = "two-" + node.bridge();
            podman.runIn(near, "network", "create", "--subnet", "10.124.1.0/24", one)
                    .ok();
            podman.runIn(near, "network", "create", "--subnet", "10.124.2.0/24", two)
                    .ok();
            String page = "echo page >/index.html; exec httpd -f -p 80 -h /";
            podman.runIn(
                            near,
                            "run",
                            "-d",
                            "--network",
                            one,
                            "-p",
                            "18098:80",
                            "--name",
                            "web",
                            Podman.IMAGE,
                            "sh",
                            "-c",
                            page)
                    .ok();
            podman.runIn(
                            near,
                            "run",
                            "-d",
                            "--network",
                            two,
                            "--ip",
                            "10.124.2.9",
                            "--name",
                            "far",
                            Podman.IMAGE,
                            "sh",
                            "-c",
                            page)
                    .ok();
            Await.until(
                    "the published port",
                    PATIENCE,
                    () -> Page.read(near, "10.124.1.1", 18098).equals("page\n"));

            podman.runIn(near, "network", "connect", "--ip", "10.124.2.8", two, "web")
                    .ok();
            awaitGuest("ip addr show eth1", "10.124.2.8/24");
            podman.run("exec", "web", "wget", "-qO-", "http://10.124.2.9/").ok();
            podman.runIn(near, "network", "disconnect", two, "web").ok();
            awaitGuest("ls /sys/class/net", "eth0\nlo\n");
            assertThat(Page.read(near, "10.124.1.1", 18098)).isEqualTo("page\n");
            podman.runIn(near, "rm", "--all", "--force", "--time", "0").ok();
            podman.runIn(near, "network", "rm", one, two).ok();
            Temporary.delete(Path.of("/var/lib/cni/networks", one));
            Temporary.delete(Path.of("/var/lib/cni/networks", two));
        }
    }

    private static void awaitGuest(String script, String says) {
        Await.until(
                "the guest to say " + says,
                PATIENCE,
                () -> podman.run("exec", "web", "sh", "-c", script).ok().out().contains(says));
    }

    @Test
    void volumesAndLimitsApply() {
        Path volume = Temporary.folder("vol");
        Temporary.write(volume.resolve("file"), "from the host\n");
        Result result = run(
                "-v",
                volume + ":/v:ro",
                "-m",
                "100m",
                "--read-only",
                "--tmpfs",
                "/t",
                "--user",
                "5:6",
                Podman.IMAGE,
                "sh",
                "-c",
                "cat /v/file; cat /sys/fs/cgroup/memory.max; id -u; touch /v/x; touch /x; touch /t/x");
        Temporary.delete(volume);
        assertThat(result.ok().lines()).containsExactly("from the host", "104857600", "5");
        assertThat(result.err()).contains("/v/x: Read-only").contains("/x: Read-only");
    }

    @Test
    void aBlockDeviceIsADiskOfTheGuestAndPrivilegedGivesNoneOfTheHosts() {
        try (LoopDevice disk = LoopDevice.create()) {
            disk.write("from the host");
            String given = disk.path() + ":/dev/xvdc";
            assertThat(run(
                                    "--device",
                                    given,
                                    Podman.IMAGE,
                                    "sh",
                                    "-c",
                                    "head -c 13 /dev/xvdc; printf 'from the guest' >/dev/xvdc")
                            .ok()
                            .out())
                    .isEqualTo("from the host");
            assertThat(disk.read(14)).isEqualTo("from the guest");
            Result privileged = run(
                    "--privileged",
                    Podman.IMAGE,
                    "sh",
                    "-c",
                    "[ -c /dev/fuse ] && mount -t tmpfs none /tmp && echo mounted; ls " + disk.path());
            assertThat(privileged.out()).isEqualTo("mounted\n");
            assertThat(privileged.err()).contains(disk.path() + ": No such file");
        }
    }

    @Test
    void usersAreMappedInTheGuest() {
        Result result = run(
                "--uidmap",
                "0:100000:5000",
                "--gidmap",
                "0:200000:5000",
                Podman.IMAGE,
                "sh",
                "-c",
                "cat /proc/self/uid_map /proc/self/gid_map; touch /x && stat -c '%u %g' /x; id -u");
        assertThat(result.ok().out().replaceAll(" +", " ").lines().map(String::strip))
                .containsExactly("0 100000 5000", "0 200000 5000", "0 0", "0");
    }

    @Test
    void whatRunIsToldIsSoInTheGuest() {
        Path folder = Temporary.folder("init");
        Result result = run(
                "--init",
                "--init-path",
                CProgram.compile("init.c", folder, "init").toString(),
                "--shm-size",
                "2m",
                "--tmpfs",
                "/t:size=4m",
                "--sysctl",
                "kernel.msgmax=65000",
                "--cap-drop",
                "ALL",
                "--cap-add",
                "NET_ADMIN",
                "--pids-limit",
                "50",
                "--ulimit",
                "core=0:100",
                Podman.IMAGE,
                "sh",
                "-c",
                "dd if=/dev/zero of=/dev/shm/x bs=64k count=48 2>/dev/null; wc -c </dev/shm/x; df -k /t | awk 'NR > 1 {print $2}'; cat /proc/sys/kernel/msgmax; grep CapEff /proc/self/status;"
                        + " cat /sys/fs/cgroup/pids.max; ulimit -c; [ $$ = 1 ] || echo below an init");
        Temporary.delete(folder);
        assertThat(result.ok().lines())
                .containsExactly("2097152", "4096", "65000", "CapEff:\t0000000000001000", "50", "0", "below an init");
    }

    /** Podman copies in the mount namespace of the process that stands for the container. */
    @Test
    void filesAreCopiedInAndOutAndNoneToTheHost() {
        Path folder = Temporary.folder("cp");
        Path volume = folder.resolve("volume");
        Temporary.write(volume.resolve("there"), "");
        String name = "hako-" + folder.getFileName();
        Temporary.write(folder.resolve("in"), "from the host\n");
        podman.run(
                        "run",
                        "-d",
                        "--network",
                        "none",
                        "--name",
                        "web",
                        "-v",
                        volume + ":/v",
                        Podman.IMAGE,
                        "sleep",
                        "1000")
                .ok();
        podman.run("cp", folder + "/in", "web:/" + name).ok();
        podman.run("cp", folder + "/in", "web:/v/in").ok();
        assertThat(podman.run("exec", "web", "sh", "-c", "cat /" + name + " /v/in; echo from the guest >/out")
                        .ok()
                        .out())
                .isEqualTo("from the host\nfrom the host\n");
        podman.run("cp", "web:/out", folder + "/out").ok();
        assertThat(Temporary.read(folder.resolve("out"))).isEqualTo("from the guest\n");
        assertThat(volume.resolve("in")).hasContent("from the host\n");
        assertThat(Path.of("/", name)).doesNotExist();
        assertThat(podman.run("cp", "web:" + Build.runtime(), folder + "/none").exitCode())
                .as("a file of the host's")
                .isNotZero();
        podman.run("rm", "--force", "web").ok();
        Temporary.delete(folder);
    }

    @Test
    void restartPoliciesAndHealthChecks() {
        podman.run(
                        "run",
                        "-d",
                        "--network",
                        "none",
                        "--name",
                        "web",
                        "--restart",
                        "on-failure:2",
                        "--health-cmd",
                        "test -e /well",
                        "--health-interval",
                        "disable",
                        Podman.IMAGE,
                        "sh",
                        "-c",
                        "echo turn; while [ ! -e /end ]; do sleep 0.1; done; rm /end; exit 3")
                .ok();
        assertThat(podman.run("healthcheck", "run", "web").exitCode()).isEqualTo(1);
        podman.run("exec", "web", "touch", "/well").ok();
        podman.run("healthcheck", "run", "web").ok();
        podman.run("exec", "web", "touch", "/end").ok();
        Await.until(
                "another turn", PATIENCE, () -> podman.run("logs", "web").out().equals("turn\nturn\n"));
    }

    @Test
    void theSizeOfTheTerminalIsFollowed() {
        TerminalSize.isFollowed(
                script -> podman.podman("run", "--rm", "-it", "--network", "none", Podman.IMAGE, "sh", "-c", script));
    }

    @Test
    void cpusAreTheGuestsQuota() {
        podman.run("run", "-d", "--network", "none", "--name", "web", "--cpus", "1.5", Podman.IMAGE, "sleep", "1000")
                .ok();
        String quota = "echo $(nproc) $(cat /sys/fs/cgroup/cpu.max)";
        assertThat(podman.run("exec", "web", "sh", "-c", quota).ok().out()).isEqualTo("2 150000 100000\n");
        podman.run("update", "--cpus", "0.5", "web").ok();
        assertThat(podman.run("exec", "web", "sh", "-c", quota).ok().out()).isEqualTo("1 50000 100000\n");
    }

    @Test
    void theStepsOfABuildRunInVms() {
        Path folder = Temporary.folder("build");
        Temporary.write(folder.resolve("data"), "copied\n");
        Temporary.write(folder.resolve("volume/file"), "of the host\n");
        Result built = build(folder, """
                ENV WORD=said
                RUN echo $WORD >/file; cat /v/file >>/file; uname -r >/kernel; ls /sys/class/net >/links; touch /v/none || true
                COPY data /data
                USER 5:6
                RUN cat /data /file; id -u
                """);
        assertThat(built.ok().out()).contains("copied\nsaid\nof the host\n5\n");
        assertThat(folder.resolve("volume/none")).doesNotExist();
        assertThat(run("made", "cat", "/kernel").ok().out())
                .isEqualTo(run("made", "uname", "-r").ok().out());
        assertThat(run("made", "cat", "/links").ok().out()).isEqualTo("lo\n");

        assertThat(build(folder, "RUN exit 7\n").err()).contains("exit status 7");
        Temporary.delete(folder);
    }

    private static Result build(Path folder, String steps) {
        Temporary.write(folder.resolve("Dockerfile"), "FROM " + Podman.IMAGE + "\n" + steps);
        return podman.run(
                "build", "--network", "none", "-v", folder + "/volume:/v:ro", "-t", "made", folder.toString());
    }

    /** With its own name in /etc/hosts, which Buildah writes when the container is made already. */
    @Test
    void theStepsOfABuildHaveTheNetwork() {
        node.run("version").ok(); // the daemon is the host's
        Path folder = Temporary.folder("build");
        Temporary.write(
                folder.resolve("Dockerfile"),
                "FROM %s\nRUN grep $(hostname) /etc/hosts && nc -w 5 10.124.3.1 9 2>&1 | grep refused\n"
                        .formatted(Podman.IMAGE));
        try (Cable host = Cable.none(node)) {
            host.near("ip link set lo up");
            String network = "build-" + node.bridge();
            String near = host.namespace().toString();
            podman.runIn(near, "network", "create", "--subnet", "10.124.3.0/24", network)
                    .ok();
            Result built = podman.runIn(near, "build", "--network", network, folder.toString());
            assertThat(built.ok().out()).contains("10.124.3.").contains("Connection refused");
            podman.runIn(near, "network", "rm", "--force", network).ok();
            Temporary.delete(Path.of("/var/lib/cni/networks", network));
        }
        Temporary.delete(folder);
    }

    @Test
    void aKilledDaemonIsNotNoticed() {
        detached("web", "i=0; while [ $i -lt 30 ]; do echo $i; i=$((i+1)); sleep 0.1; done; exit 7");
        node.killDaemon();
        node.run("version").ok(); // the next is nobody's of Podman's, as with a service manager
        assertThat(podman.run("wait", "web").ok().out()).isEqualTo("7\n");
        assertThat(podman.run("logs", "web").ok().lines()).hasSize(30).endsWith("29");
    }
}
