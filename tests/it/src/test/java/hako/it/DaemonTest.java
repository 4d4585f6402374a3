package hako.it;

import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The daemon: started by whoever needs it first, once; bounded whatever its callers do. */
@VmTest
class DaemonTest {
    @RegisterExtension
    final OwnNodes nodes = new OwnNodes();

    @Test
    void theFirstCommandStartsIt() {
        HakoNode node = nodes.make("");

        Result version = node.run("version").ok();

        assertThat(version.out()).containsPattern("\\d+\\.\\d+");
        assertThat(node.daemons()).hasSize(1);
        assertThat(version.took()).isLessThan(Duration.ofSeconds(5));
    }

    /** A monitor's cgroup is emptied by force when its container goes. */
    @Test
    void itIsInNoCgroupOfItsFirstCaller() throws java.io.IOException {
        HakoNode node = nodes.make("");
        List<Path> cgroups = Cgroups.of("/hako-it-" + ProcessHandle.current().pid() + "-caller");
        for (Path cgroup : cgroups) {
            Files.createDirectory(cgroup);
        }

        Command.of(
                        "sh",
                        "-c",
                        "for procs in %s; do echo $$ >$procs/cgroup.procs; done; exec %s version"
                                .formatted(cgroups.stream().map(Path::toString).collect(joining(" ")), Build.hako()))
                .with("HAKO_HOME", node.home().toString())
                .run()
                .ok();

        assertThat(Cgroups.membership(node.daemon())).containsOnly("/");
        for (Path cgroup : cgroups) {
            Files.delete(cgroup);
        }
    }

    @Test
    void manyFirstCommandsAtOnceStartOne() {
        HakoNode node = nodes.make("");

        List<Running> commands = IntStream.range(0, 8)
                .mapToObj(_ -> node.hako("version").start())
                .toList();

        commands.forEach(command -> command.await().ok());
        assertThat(node.daemons()).hasSize(1);
    }

    @Test
    void twoRunsAtOnceFromNothing() {
        HakoNode node = nodes.ready();
        node.killDaemon();

        try (Running one =
                        node.hako("run", "--rm", HakoNode.IMAGE, "echo", "one").start();
                Running two =
                        node.hako("run", "--rm", HakoNode.IMAGE, "echo", "two").start()) {
            assertThat(one.await().ok().out()).isEqualTo("one\n");
            assertThat(two.await().ok().out()).isEqualTo("two\n");
        }
    }

    @Test
    void twoContainersOfOneNameAtOnceAreOne() {
        HakoNode node = nodes.ready();
        try (Running one = node.hako("run", "--name", "same", HakoNode.IMAGE, "true")
                        .start();
                Running two = node.hako("run", "--name", "same", HakoNode.IMAGE, "true")
                        .start()) {
            List<Integer> codes = List.of(one.await().exitCode(), two.await().exitCode());

            assertThat(codes).containsExactlyInAnyOrder(0, 125);
        }
    }

    @Test
    void aFullPipeNobodyReadsHoldsOnlyItsOwnWriter() throws java.io.IOException {
        // Given a container that writes far more than is kept into a pipe that nobody reads
        HakoNode node = nodes.ready();
        try (Running full = node.hako(
                        "run",
                        "--rm",
                        "--name",
                        "writer",
                        HakoNode.IMAGE,
                        "sh",
                        "-c",
                        "exec dd if=/dev/zero bs=50000 count=4000")
                .unread()
                .start()) {
            Await.until(
                    "the run to come up",
                    Duration.ofSeconds(20),
                    () -> node.run("ps").out().contains("writer"));
            awaitStandstill(node);

            // Then everything else works, and what is held is bounded
            assertThat(node.busybox("echo", "works").ok().out()).isEqualTo("works\n");
            assertThat(node.run("exec", "writer", "echo", "here").ok().out()).isEqualTo("here\n");
            assertThat(size(node.home().resolve("lib/containers"))).isLessThan(20L << 20);
            assertThat(Processes.pss(node.daemon())).isLessThan(150 << 20);
            assertThat(full.isAlive()).isTrue();

            // And once it is read, all of it comes
            Result result = full.drain();
            assertThat(result.exitCode()).isZero();
            assertThat(result.output()).hasSize(200_000_000);
        }
    }

    @Test
    void aReaderThatHangsUpEndsTheRun() {
        HakoNode node = nodes.ready();
        Result result = Command.of(
                        "bash", "-c", Build.hako() + " run --rm hako/busybox yes | head -n 1; echo ${PIPESTATUS[0]}")
                .with("HAKO_HOME", node.home().toString())
                .within(Duration.ofSeconds(30))
                .run();

        assertThat(result.lines()).startsWith("y").hasSize(2);
        assertThat(result.lines().getLast()).isIn("141", "125", "137", "1");
        node.awaitNoTraces();
    }

    @Test
    void noRoomOnTheDiskIsSaidAndHarmsNothing() {
        // Given a node whose state lies on a file system of 12 MB
        HakoNode node = nodes.make("");
        Path lib = node.home().resolve("lib");
        Command.of("mkdir", "-p", lib.toString()).run().ok();
        Command.of("mount", "-t", "tmpfs", "-o", "size=12m", "hako-it", lib.toString())
                .run()
                .ok();
        try {
            // When
            Path big = node.home().resolve("big.tar");
            byte[] noise = new byte[30 << 20];
            new java.util.Random(1).nextBytes(noise);
            new Tar().file("big", noise, 0644).write(big);
            Result refused = node.run("image", "import", big.toString(), "too/big");

            // Then
            assertThat(refused.exits(1).err()).containsPattern("(?i)space|room").doesNotContain("Exception");
            assertThat(node.run("image", "ls", "-q").ok().out()).isEmpty();
        } finally {
            node.killDaemon();
            Command.of("umount", "-l", lib.toString()).run().ok();
        }
    }

    @Test
    void noRoomForWhatAContainerWritesFailsInTheContainer() {
        // Given a container with a disk of 64 MB
        HakoNode node = nodes.ready("rootfs.size = \"64M\"");

        // When
        Result result = node.busybox("sh", "-c", "dd if=/dev/zero of=/fill bs=1M count=100; echo code $?");

        // Then
        assertThat(result.ok().out()).contains("code 1");
        assertThat(result.err()).contains("No space left");
    }

    @Test
    void checkTellsWhatThisHostCanDo() {
        HakoNode node = nodes.make("");

        Result text = node.run("check");
        Result json = node.run("check", "--json");

        assertThat(text.out())
                .containsIgnoringCase("qemu")
                .containsIgnoringCase("kernel")
                .containsIgnoringCase("kvm");
        assertThat(Json.parse(json.out()).value()).isNotNull();
    }

    @Test
    void helpNamesAllVerbs() {
        HakoNode node = nodes.make("");

        Result help = node.run("help").ok();

        assertThat(help.out())
                .contains(
                        "run", "exec", "ps", "logs", "stop", "kill", "rm", "inspect", "stats", "image", "check",
                        "version");
        assertThat(node.run("run", "--help").ok().out()).contains("--memory", "--cpus", "--volume", "--publish");
    }

    @Test
    void theSocketIsClosedToOthers() throws java.io.IOException {
        HakoNode node = nodes.make("");
        node.run("version").ok();

        Object mode = Files.getAttribute(node.home().resolve("run/hakod.sock"), "unix:mode");

        assertThat((int) mode & 07).isZero();
    }

    /** Waits until the output kept for the containers no longer grows. */
    private static void awaitStandstill(HakoNode node) {
        long[] last = {-1, 0};
        Await.until("the writer to be held", Duration.ofSeconds(60), () -> {
            long now = size(node.home().resolve("lib/containers"));
            last[1] = now == last[0] && now > 1_000_000 ? last[1] + 1 : 0;
            last[0] = now;
            return last[1] > 100;
        });
    }

    private static long size(Path folder) {
        return Temporary.below(folder).stream()
                .map(folder::resolve)
                .filter(file -> file.toString().endsWith(".out"))
                .mapToLong(file -> file.toFile().length())
                .sum();
    }
}
