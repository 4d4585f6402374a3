package hako.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** {@code hako run}: a command in a container in a VM of its own. */
@VmTest
class RunTest {
    @RegisterExtension
    static final SharedNode shared = SharedNode.create();

    private final HakoNode node = shared.node();

    @Test
    void printsWhatTheCommandPrints() {
        Result result = node.busybox("echo", "hello").ok();

        assertThat(result.out()).isEqualTo("hello\n");
        assertThat(result.err()).isEmpty();
    }

    @Test
    void endsWithTheExitCodeOfTheCommand() {
        node.busybox("sh", "-c", "exit 7").exits(7);
    }

    @Test
    void aCommandEndedByASignalExitsWith128AndItsNumber() {
        node.busybox("sh", "-c", "sh -c 'kill -9 $$'; exit $?").exits(137);
    }

    @Test
    void keepsTheStreamsApart() {
        Result result = node.busybox("sh", "-c", "echo out; echo err >&2").ok();

        assertThat(result.out()).isEqualTo("out\n");
        assertThat(result.err()).isEqualTo("err\n");
    }

    @Test
    void passesInputByteForByte() {
        // Given
        byte[] input = random(5_000_000);

        // When
        Result result = node.hako("run", "--rm", "-i", HakoNode.IMAGE, "cat")
                .input(input)
                .run()
                .ok();

        // Then
        assertThat(result.output()).isEqualTo(input);
    }

    @Test
    void withoutInteractiveTheCommandReadsTheEndOfItsInput() {
        Result result = node.hako("run", "--rm", HakoNode.IMAGE, "wc", "-c")
                .input("not for you")
                .run()
                .ok();

        assertThat(result.out().strip()).isEqualTo("0");
    }

    @Test
    void aCommandThatStopsReadingEndsARunWithEndlessInput() {
        try (Running run = node.hako("run", "--rm", "-i", HakoNode.IMAGE, "head", "-n1")
                .openInput()
                .start()) {
            run.type("first\nsecond\n").says("first\n");

            assertThat(run.await().exitCode()).isZero();
        }
    }

    @Test
    void passesFiftyMegabytesOfOutputByteForByte() {
        // Given a command that prints 50 MB and, on the other stream, their digest
        String script =
                "dd if=/dev/urandom of=/tmp/all bs=1M count=50 2>/dev/null; sha256sum </tmp/all >&2; cat /tmp/all";

        // When
        Result result = node.busybox("sh", "-c", script).ok();

        // Then
        assertThat(result.output()).hasSize(50 << 20);
        assertThat(result.err()).startsWith(Digests.sha256(result.output()));
    }

    @Test
    void givesTheEnvironmentOfImageCommandLineAndCaller() {
        Result result = node.hako(
                        "run", "--rm", "-e", "A=1", "-e", "B=two words", "-e", "INHERITED", HakoNode.IMAGE, "env")
                .with("INHERITED", "from the caller")
                .run()
                .ok();

        assertThat(result.lines()).contains("A=1", "B=two words", "INHERITED=from the caller");
        assertThat(result.lines()).anyMatch(line -> line.startsWith("PATH="));
    }

    @Test
    void startsInTheWorkingDirectoryAsked() {
        assertThat(run("-w", "/usr/bin", "pwd").out()).isEqualTo("/usr/bin\n");
    }

    @Test
    void makesAWorkingDirectoryThatIsNotThere() {
        assertThat(run("-w", "/made/for/this", "pwd").out()).isEqualTo("/made/for/this\n");
    }

    @Test
    void runsAsTheUserAsked() {
        assertThat(run("-u", "www-data", "id").out()).startsWith("uid=33(www-data) gid=33(www-data)");
        assertThat(run("-u", "1234:100", "id").out()).startsWith("uid=1234 gid=100(users)");
    }

    @Test
    void takesTheHostnameAsked() {
        assertThat(run("--hostname", "anvil", "hostname").out()).isEqualTo("anvil\n");
    }

    @Test
    void theEntrypointTakesTheCommandAsItsArguments() {
        assertThat(run("--entrypoint", "echo", "a", "b").out()).isEqualTo("a b\n");
    }

    @Test
    void aReadOnlyRootRefusesWrites() {
        Result result = node.run("run", "--rm", "--read-only", HakoNode.IMAGE, "touch", "/file");

        assertThat(result.exitCode()).isEqualTo(1);
        assertThat(result.err()).contains("Read-only file system");
    }

    @Test
    void whatAContainerWritesIsGoneWithIt() {
        node.busybox("sh", "-c", "echo x >/file && cat /file").ok();

        node.busybox("cat", "/file").exits(1);
    }

    @Test
    void hasTheMountsOfTheRuntimeSpec() {
        Result mounts = node.busybox("cat", "/proc/mounts").ok();

        assertThat(mounts.lines())
                .anyMatch(line -> line.contains(" /proc proc "))
                .anyMatch(line -> line.contains(" /dev tmpfs "))
                .anyMatch(line -> line.contains(" /dev/pts devpts "))
                .anyMatch(line -> line.contains(" /dev/shm tmpfs "))
                .anyMatch(line -> line.contains(" /sys sysfs ro"));
    }

    @Test
    void runsAsProcessOneOfItsOwnNamespaces() {
        assertThat(node.busybox("sh", "-c", "echo $$; ls /proc | grep -c '^[0-9]*$'")
                        .ok()
                        .lines()
                        .getFirst())
                .isEqualTo("1");
    }

    @Test
    void detachedItPrintsTheIdAndGoesOn() {
        // When
        Result result = node.run("run", "-d", "--name", "goes-on", HakoNode.IMAGE, "sleep", "1000")
                .ok();

        // Then
        assertThat(result.out().strip()).matches("[0-9a-f]{64}");
        assertThat(node.inspect("goes-on").at("Id").text())
                .isEqualTo(result.out().strip());
        assertThat(node.status("goes-on")).isEqualTo("running");
        node.run("rm", "-f", "goes-on").ok();
    }

    @Test
    void withRmNothingIsLeft() {
        node.run("run", "--rm", "--name", "short-lived", HakoNode.IMAGE, "true").ok();

        Await.until(
                "the container to be forgotten",
                HakoNode.CLEAN_UP,
                () -> !node.run("ps", "-a").out().contains("short-lived"));
    }

    @Test
    void aNameThatIsTakenIsRefused() {
        // Given
        node.detached("taken", "sleep", "1000");

        // When
        Result result = node.run("run", "--rm", "--name", "taken", HakoNode.IMAGE, "true");

        // Then
        assertThat(result.exitCode()).isEqualTo(125);
        assertThat(result.err()).contains("taken");
        assertThat(node.status("taken")).isEqualTo("running");
        node.run("rm", "-f", "taken").ok();
    }

    @Test
    void forwardsSignalsToTheCommand() {
        String script =
                "trap 'echo got TERM; exit 3' TERM; trap 'echo got INT' INT; echo ready; while :; do sleep 0.1; done";
        try (Running run =
                node.hako("run", "--rm", HakoNode.IMAGE, "sh", "-c", script).start()) {
            run.says("ready").signal("INT").says("got INT").signal("TERM").says("got TERM");

            assertThat(run.await().exitCode()).isEqualTo(3);
        }
    }

    @Test
    void thePathOfARelativeCommandStartsInTheWorkingDirectory() {
        assertThat(run("-w", "/bin", "./busybox", "echo", "here").out()).isEqualTo("here\n");
    }

    @Test
    void isQuickForACommandThatDoesNothing() {
        node.busybox("true").ok(); // what is made once per image is made

        assertThat(node.busybox("true").ok().took()).isLessThan(Duration.ofSeconds(5));
    }

    @Test
    void worksFromADirectoryThatIsGone() {
        Path gone = Temporary.folder("gone");
        Command command = Command.of("sh", "-c", "rmdir '%s'; exec '%s' version".formatted(gone, Build.hako()))
                .with("HAKO_HOME", node.home().toString())
                .in(gone);

        command.run().ok();
    }

    /** {@code hako run --rm OPTION VALUE busybox COMMAND…} */
    private Result run(String option, String value, String... command) {
        String[] line = new String[command.length + 5];
        System.arraycopy(new String[] {"run", "--rm", option, value, HakoNode.IMAGE}, 0, line, 0, 5);
        System.arraycopy(command, 0, line, 5, command.length);
        return node.run(line).ok();
    }

    private static byte[] random(int count) {
        byte[] bytes = new byte[count];
        new Random(count).nextBytes(bytes);
        return bytes;
    }
}
