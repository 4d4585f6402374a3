package hako.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** VMs cloned from a template: each is itself, and nobody else. */
@VmTest
class TemplateTest {
    private static final int CLONES = 100;
    private static final int AT_A_TIME = 4;

    @RegisterExtension
    static final SharedNode shared = SharedNode.create();

    private final HakoNode node = shared.node();

    @BeforeEach
    void makeTheTemplate() {
        node.run("factory", "init").ok();
    }

    @Test
    void theFactoryTellsWhatItHas() {
        assertThat(node.run("factory", "status").ok().out())
                .containsPattern("[0-9] +5[0-9]{2}MiB +root \\(ro\\), scratch, eth0 +0 *\n");
        node.run("factory", "destroy").ok();
        assertThat(node.run("factory", "status").ok().out()).doesNotContain("root (ro)");
    }

    @Test
    void aHundredClonesDifferInEverythingThatTellsOneFromAnother() throws Exception {
        String script = "cat /proc/sys/kernel/random/uuid /proc/sys/kernel/random/boot_id;"
                + " head -c 16 /dev/urandom | md5sum; hostname; cat /sys/class/net/eth0/address; date +%s";
        List<List<String>> told = new ArrayList<>();
        try (ExecutorService callers = Executors.newFixedThreadPool(AT_A_TIME)) {
            List<Future<Result>> runs = new ArrayList<>();
            for (int i = 0; i < CLONES; i++) {
                runs.add(callers.submit(() -> node.run("run", "--rm", HakoNode.IMAGE, "sh", "-c", script)));
            }
            for (Future<Result> run : runs) {
                told.add(run.get().ok().lines());
            }
        }
        long now = System.currentTimeMillis() / 1000;
        assertThat(told).allSatisfy(lines -> {
            assertThat(lines).hasSize(6);
            assertThat(Long.parseLong(lines.get(5))).isBetween(now - 300, now + 2);
        });
        for (int what = 0; what < 5; what++) {
            Set<String> distinct = new HashSet<>();
            for (List<String> lines : told) {
                distinct.add(lines.get(what));
            }
            assertThat(distinct)
                    .as("line %d, for instance %s", what, told.getFirst().get(what))
                    .hasSize(CLONES);
        }
    }

    /** Runs containers of the usual kind until their template has one prepared. */
    private static void prepareAContainer(HakoNode node) {
        Await.until("a prepared container", Duration.ofSeconds(30), () -> {
            node.run("run", "--rm", HakoNode.IMAGE, "true").ok();
            return node.run("factory", "status").ok().out().contains("a container of");
        });
    }

    /** Of the template with a prepared container. */
    private int clones() {
        String line = node.run("factory", "status").ok().lines().stream()
                .filter(row -> row.contains("a container of"))
                .findFirst()
                .orElseThrow();
        return Integer.parseInt(line.replaceFirst(".* eth0 +", "").replaceFirst(" .*", ""));
    }

    @Test
    void aContainerThatWasPreparedIsWhatItWasAskedToBe() {
        prepareAContainer(node);
        int before = clones();

        Result result = node.run(
                "run",
                "--rm",
                "--hostname",
                "box",
                "-e",
                "GREETING=hello there",
                "-u",
                "nobody",
                "--dns",
                "9.9.9.9",
                HakoNode.IMAGE,
                "sh",
                "-c",
                "echo $GREETING; id -un; hostname; cat /etc/hostname; tail -n 1 /etc/hosts | cut -f 2; cat /etc/resolv.conf;"
                        + " ulimit -c; readlink /proc/self/fd/0; grep -c . /proc/self/mounts");

        assertThat(result.ok().lines())
                .startsWith("hello there", "nobody", "box", "box", "box", "nameserver 9.9.9.9")
                .contains("/dev/null");
        assertThat(clones()).isEqualTo(before + 1);
    }

    @Test
    void whatOneWritesNoOtherSees() {
        prepareAContainer(node);

        node.run("run", "--rm", HakoNode.IMAGE, "sh", "-c", "echo mine >/secret; mkdir /etc/more; sync")
                .ok();

        assertThat(node.run(
                                "run",
                                "--rm",
                                HakoNode.IMAGE,
                                "sh",
                                "-c",
                                "ls /secret /etc/more; echo writable >/x; cat /x")
                        .out())
                .isEqualTo("writable\n");
    }

    @Test
    void aPreparedContainerRefusesWhatAnyOtherRefuses() {
        prepareAContainer(node);

        assertThat(node.run("run", "--rm", HakoNode.IMAGE, "no-such-command").exitCode())
                .isEqualTo(127);
        assertThat(node.run("run", "--rm", HakoNode.IMAGE, "/etc/passwd").exitCode())
                .isEqualTo(126);
        Result user = node.run("run", "--rm", "-u", "stranger", HakoNode.IMAGE, "true");
        assertThat(user.exitCode()).isEqualTo(126);
        assertThat(user.err()).contains("stranger");
        assertThat(node.run("run", "--rm", HakoNode.IMAGE, "sh", "-c", "exit 7").exitCode())
                .isEqualTo(7);
    }

    @Test
    void aPreparedContainerLivesAsAnyOther() {
        prepareAContainer(node);
        node.detached("prepared", "sh", "-c", "echo one; trap 'exit 3' TERM; while :; do sleep 0.1; done");

        assertThat(node.run("exec", "prepared", "hostname").ok().out())
                .isEqualTo(node.run("exec", "prepared", "cat", "/etc/hostname")
                        .ok()
                        .out());
        assertThat(node.run("stats", "--no-stream", "prepared").ok().out()).contains("prepared");
        assertThat(node.run("logs", "prepared").ok().out()).isEqualTo("one\n");
        node.killDaemon();
        node.run("stop", "prepared").ok();
        assertThat(node.run("inspect", "prepared").ok().out()).contains("\"ExitCode\": 3");
        node.run("rm", "prepared").ok();
    }

    /** What the kernel does when the host's memory is at an end: kills, or gives no more. */
    @ParameterizedTest
    @ValueSource(strings = {"kill -9 $$", "ulimit -v 400000"})
    void aCloneThatDoesNotComeUpIsBootedInstead(String fate) {
        Path folder = Temporary.folder("vmm");
        Path vmm = folder.resolve("qemu");
        Path poor = folder.resolve("poor");
        Temporary.write(vmm, """
                #!/bin/sh
                case "$*" in *-incoming*) [ ! -e %s ] || %s ;; esac
                exec qemu-system-x86_64 "$@"
                """.formatted(poor, fate));
        assertThat(vmm.toFile().setExecutable(true)).isTrue();
        try (HakoNode other = HakoNode.create("vm.qemu = \"" + vmm + "\"")) {
            other.withBusybox();
            prepareAContainer(other);
            Temporary.write(poor, "");

            Result result = other.run(
                    "run", "--rm", HakoNode.IMAGE, "sh", "-c", "touch /mine; dmesg | grep -c unclean; ls /mine");

            assertThat(result.ok().lines()).containsExactly("0", "/mine");
            assertThat(other.log()).contains("it is made otherwise");
            other.awaitNoTraces();
        }
        Temporary.delete(folder);
    }

    @Test
    void aCloneHasItsOwnMemoryAndFolders() {
        Result result = node.run(
                "run",
                "--rm",
                "-v",
                "/usr/share:/share:ro",
                HakoNode.IMAGE,
                "sh",
                "-c",
                "ls /share | wc -l; free -m | grep Mem");
        assertThat(Integer.parseInt(result.ok().lines().getFirst().strip())).isPositive();
    }

    /** QEMU 8 and later, where the guest of the template did not clear its pages, run what was in them before. */
    @Test
    void aProgramOfTheHostRunsInAClone() throws IOException {
        Path folder = Temporary.folder("vol");
        Files.copy(Build.hostBusybox(), folder.resolve("busybox"), StandardCopyOption.COPY_ATTRIBUTES);
        String[] loop = {
            "run",
            "--rm",
            "-v",
            folder + ":/v",
            HakoNode.IMAGE,
            "sh",
            "-c",
            "for i in $(seq 30); do /v/busybox echo $i || exit 1; done"
        };
        node.run(loop).ok();
        Await.until(
                "a template",
                Duration.ofSeconds(30),
                () -> node.run("factory", "status").ok().out().contains("shared directories"));

        assertThat(node.run(loop).ok().lines()).hasSize(30);
        Temporary.delete(folder);
    }

    @Test
    void anEmulatedVmSpendsNoMemoryOnHugePages() {
        node.detached("small", "sleep", "1000");

        assertThat(Processes.ofVms(node.home()))
                .isNotEmpty()
                .filteredOn(pid -> Processes.commandLine(pid).contains("-accel tcg"))
                .allSatisfy(pid -> assertThat(Processes.hugePages(pid)).isZero());
        node.run("rm", "-f", "small").ok();
    }

    @Test
    void aCloneOutlivesItsDaemonAsOthersDo() {
        node.detached("cloned", "sleep", "1000");

        node.killDaemon();

        assertThat(node.run("exec", "cloned", "echo", "there").ok().out()).isEqualTo("there\n");
        node.run("rm", "-f", "cloned").ok();
    }

    @Test
    void withoutATemplateTheFirstIsBootedAndTheNextIsCloned() {
        node.run("factory", "destroy").ok();
        node.run("run", "--rm", HakoNode.IMAGE, "true").ok();
        Await.until(
                "the template",
                java.time.Duration.ofSeconds(20),
                () -> node.run("factory", "status").ok().out().contains("root (ro)"));
        assertThat(node.run("run", "--rm", HakoNode.IMAGE, "echo", "cloned")
                        .ok()
                        .out())
                .isEqualTo("cloned\n");
    }
}
