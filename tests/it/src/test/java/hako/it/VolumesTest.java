package hako.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** {@code -v}: folders and files of the host in a container. */
@VmTest
class VolumesTest {
    @RegisterExtension
    static final SharedNode shared = SharedNode.create();

    private final HakoNode node = shared.node();
    private final Path folder = Temporary.folder("vol");

    @AfterEach
    void remove() {
        node.awaitNoTraces();
        Temporary.delete(folder);
    }

    @Test
    void whatTheHostHasTheContainerReadsAndTheOtherWayRound() {
        Temporary.write(folder.resolve("from-host"), "h");

        Result result = volume("", "cat /v/from-host; echo -n c >/v/from-container; mkdir /v/sub")
                .ok();

        assertThat(result.out()).isEqualTo("h");
        assertThat(Temporary.read(folder.resolve("from-container"))).isEqualTo("c");
        assertThat(folder.resolve("sub")).isDirectory();
    }

    @Test
    void readOnlyRefusesWrites() {
        Result result = volume(":ro", "touch /v/file");

        assertThat(result.exitCode()).isEqualTo(1);
        assertThat(result.err()).contains("Read-only file system");
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void aSingleFileIsAVolumeToo() {
        Path file = Temporary.write(folder.resolve("file"), "one");

        Result result = node.run(
                        "run",
                        "--rm",
                        "-v",
                        file + ":/etc/one",
                        HakoNode.IMAGE,
                        "sh",
                        "-c",
                        "cat /etc/one; echo -n two >/etc/one")
                .ok();

        assertThat(result.out()).isEqualTo("one");
        assertThat(Temporary.read(file)).isEqualTo("two");
    }

    @Test
    void aBigFilePassesByteForByte() throws IOException {
        // Given
        byte[] bytes = new byte[64 << 20];
        new Random(64).nextBytes(bytes);
        Files.write(folder.resolve("big"), bytes);

        // When
        Result result = volume("", "sha256sum </v/big; cp /v/big /v/copy").ok();

        // Then
        assertThat(result.out()).startsWith(Digests.sha256(bytes));
        assertThat(Digests.sha256(Files.readAllBytes(folder.resolve("copy")))).isEqualTo(Digests.sha256(bytes));
    }

    /** The guest's pages for the program are others each time, and have held other parts of it. */
    @Test
    void aProgramOfTheHostRunsAgainAndAgain() throws IOException {
        Files.copy(Build.hostBusybox(), folder.resolve("busybox"), StandardCopyOption.COPY_ATTRIBUTES);

        Result result = volume("", "for i in $(seq 30); do /v/busybox echo $i || exit 1; done");

        assertThat(result.ok().lines()).hasSize(30);
    }

    @Test
    void ownerAndModePassBothWays() throws IOException {
        Path file = Temporary.write(folder.resolve("owned"), "x");
        Files.setAttribute(file, "unix:uid", 1234);
        Files.setAttribute(file, "unix:mode", 0640);

        Result result = volume("", "stat -c '%u %a' /v/owned; touch /v/made; chown 77:88 /v/made; chmod 4711 /v/made")
                .ok();

        assertThat(result.out()).isEqualTo("1234 640\n");
        assertThat(Files.getAttribute(folder.resolve("made"), "unix:uid")).isEqualTo(77);
        assertThat(Files.getAttribute(folder.resolve("made"), "unix:gid")).isEqualTo(88);
        assertThat((int) Files.getAttribute(folder.resolve("made"), "unix:mode") & 07777)
                .isEqualTo(04711);
    }

    @Test
    void severalVolumesStandSideBySide() {
        Temporary.write(folder.resolve("a/x"), "in a");
        Temporary.write(folder.resolve("b/x"), "in b");

        Result result = node.run(
                        "run",
                        "--rm",
                        "-v",
                        folder.resolve("a") + ":/a",
                        "-v",
                        folder.resolve("b") + ":/deep/er/b:ro",
                        HakoNode.IMAGE,
                        "cat",
                        "/a/x",
                        "/deep/er/b/x")
                .ok();

        assertThat(result.out()).isEqualTo("in ain b");
    }

    @Test
    void aSourceThatIsNotThereIsMadeAsDockerDoes() {
        node.run("run", "--rm", "-v", folder + "/made:/v", HakoNode.IMAGE, "touch", "/v/x")
                .ok();

        assertThat(folder.resolve("made/x")).exists();
    }

    @Test
    void aRelativeTargetIsRefused() {
        Result result = node.run("run", "--rm", "-v", folder + ":relative", HakoNode.IMAGE, "true")
                .exits(125);

        assertThat(result.err()).contains("relative");
    }

    @Test
    void aContainerCannotClimbOutOfItsVolume() throws IOException {
        Path secret = Temporary.write(folder.resolve("secret"), "secret");
        Path inside = Files.createDirectory(folder.resolve("inside"));
        Files.createSymbolicLink(inside.resolve("out"), secret);

        Result result = node.run(
                "run",
                "--rm",
                "-v",
                inside + ":/v",
                HakoNode.IMAGE,
                "sh",
                "-c",
                "cat /v/out; cat /v/../secret; ls /v/..");

        assertThat(result.out()).doesNotContain("secret");
    }

    @Test
    void theDaemonReadsThePathAsTheCallerMeansIt() {
        Temporary.write(folder.resolve("here/x"), "here");

        Result result = node.hako("run", "--rm", "-v", "./here:/v", HakoNode.IMAGE, "cat", "/v/x")
                .in(folder)
                .run()
                .ok();

        assertThat(result.out()).isEqualTo("here");
    }

    private Result volume(String options, String script) {
        return node.run("run", "--rm", "-v", folder + ":/v" + options, HakoNode.IMAGE, "sh", "-c", script);
    }
}
