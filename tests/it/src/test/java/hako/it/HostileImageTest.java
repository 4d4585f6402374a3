package hako.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Images that would do harm: a sentence, nothing outside the root touched, nothing stored. */
@VmTest
class HostileImageTest {
    @RegisterExtension
    static final SharedNode shared = SharedNode.create("image.max_unpacked = \"64M\"");

    private static final Path folder = Temporary.folder("evil");

    private final HakoNode node = shared.node();
    private final Path victim = folder.resolve("victim");

    @AfterAll
    static void remove() {
        Temporary.delete(folder);
    }

    @Test
    void aPathThatClimbsOutIsRefused() {
        refused(new Tar().file("../".repeat(12) + victim.toString().substring(1), "x"), "..");
    }

    @Test
    void anAbsolutePathStaysInside() {
        imported(new Tar().directory(folder.toString() + "/").file(victim.toString(), "x"));
    }

    @Test
    void aLinkOutOfTheRootIsNotFollowed() {
        imported(new Tar().symbolicLink("out", folder.toString()).file("out/victim", "x"));
    }

    @Test
    void aDeviceNodeIsRefused() {
        refused(new Tar().directory("srv/").blockDevice("srv/disk", 8, 0), "device");
    }

    @Test
    void aHardLinkToOutsideIsRefused() throws IOException {
        Files.writeString(victim, "untouched");

        refused(new Tar().hardLink("mine", "../".repeat(12) + victim.toString().substring(1)), "mine");

        assertThat(victim).hasContent("untouched");
        Files.delete(victim);
    }

    @Test
    void aHardLinkThroughALinkToOutsideIsRefused() throws IOException {
        Files.writeString(victim, "untouched");

        refused(new Tar().symbolicLink("out", folder.toString()).hardLink("mine", "out/victim"), "mine");

        assertThat(victim).hasContent("untouched");
        Files.delete(victim);
    }

    @Test
    void aTarBombIsRefusedBeforeItFillsTheDisk() throws IOException {
        // Given 256 MB of zeros in a few KB, where 64 MB are allowed
        Path bomb = folder.resolve("bomb.tar.gz");
        byte[] zeros = new byte[16 << 20];
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(bomb))) {
            byte[] file = new Tar().file("zeros", zeros, 0644).bytes();
            for (int i = 0; i < 16; i++) {
                out.write(file, 0, file.length - 1024);
            }
        }
        List<Path> before = node.stored();

        // When
        Result result = node.run("image", "import", bomb.toString(), "evil/bomb:1");

        // Then
        assertThat(result.exits(1).err()).isNotBlank().doesNotContain("Exception");
        assertThat(result.took()).isLessThan(Duration.ofSeconds(30));
        nothingIsStored(before);
    }

    @Test
    void aTruncatedArchiveIsRefused() {
        Path file = folder.resolve("short.tar");
        byte[] whole = new Tar().truncatedFile("file", 100_000, "short").bytes();
        List<Path> before = node.stored();
        write(file, whole);

        Result result = node.run("image", "import", file.toString(), "evil/short:1");

        assertThat(result.exits(1).err()).isNotBlank();
        nothingIsStored(before);
    }

    @Test
    void aDockerArchiveWhoseLayerIsCorruptIsRefused() {
        // Given a configuration that promises another layer than there is
        byte[] layer = new Tar().file("etc/x", "x").bytes();
        String configuration = """
                {"architecture": "amd64", "os": "linux", "config": {},
                 "rootfs": {"type": "layers", "diff_ids": ["sha256:%s"]}}""".formatted("0".repeat(64));
        Tar archive = new Tar()
                .file("config.json", configuration)
                .file("layer.tar", layer, 0644)
                .file(
                        "manifest.json",
                        "[{\"Config\": \"config.json\", \"RepoTags\": [\"evil/corrupt:1\"], \"Layers\": [\"layer.tar\"]}]");
        List<Path> before = node.stored();

        // When
        Result result = node.run(
                "image",
                "load",
                "-i",
                archive.write(folder.resolve("corrupt.tar")).toString());

        // Then
        assertThat(result.exits(1).err()).containsIgnoringCase("digest");
        nothingIsStored(before);
    }

    @Test
    void aDockerArchiveThatNamesAFileOutsideIsRefused() {
        Tar archive = new Tar()
                .file(
                        "manifest.json",
                        "[{\"Config\": \"../../../etc/passwd\", \"RepoTags\": [\"evil/climbs:1\"], \"Layers\": []}]");
        List<Path> before = node.stored();

        Result result = node.run(
                "image",
                "load",
                "-i",
                archive.write(folder.resolve("climbs.tar")).toString());

        assertThat(result.exits(1).err()).isNotBlank();
        nothingIsStored(before);
    }

    @Test
    void aLayoutWhoseBlobIsNotWhatItsDigestSaysIsRefused() throws IOException {
        Path place = folder.resolve("tampered");
        Path layout = TestImages.layout(place, "x");
        Path largest;
        try (var blobs = Files.list(layout.resolve("blobs/sha256"))) {
            largest = blobs.max(
                            java.util.Comparator.comparing(file -> file.toFile().length()))
                    .orElseThrow();
        }
        byte[] bytes = Files.readAllBytes(largest);
        bytes[bytes.length / 2] ^= 1;
        Files.write(largest, bytes);
        List<Path> before = node.stored();

        Result result = node.run("image", "load", "-i", layout.toString());

        assertThat(result.exits(1).err()).containsIgnoringCase("digest");
        nothingIsStored(before);
    }

    @Test
    void escapeSequencesInNamesDoNotReachTheTerminal() {
        Result result = node.run("run", "--rm", "evil\u001b[2Jname", "true");

        assertThat(result.exitCode()).isEqualTo(125);
        assertThat(result.err()).doesNotContain("\u001b");
    }

    /** @param about what the message speaks of */
    private void refused(Tar tar, String about) {
        List<Path> before = node.stored();

        Result result = node.run(
                "image", "import", tar.write(folder.resolve("layer.tar")).toString(), "evil/image:1");

        assertThat(result.exits(1).err()).contains(about).doesNotContain("Exception");
        nothingIsStored(before);
    }

    /** What is legal but could be followed outside: taken in, and the host untouched. */
    private void imported(Tar tar) {
        Result result = node.run(
                "image", "import", tar.write(folder.resolve("layer.tar")).toString(), "evil/inside:1");

        assertThat(victim).doesNotExist();
        if (result.exitCode() == 0) {
            node.run("image", "rm", "evil/inside:1").ok();
        }
    }

    private void nothingIsStored(List<Path> before) {
        Await.until(
                "nothing more to be stored than before",
                HakoNode.CLEAN_UP,
                () -> node.stored().equals(before),
                () -> "it was: " + before + "\nit is: " + node.stored());
        assertThat(node.run("image", "ls").out()).doesNotContain("evil/");
        assertThat(node.run("ps").exitCode()).isZero();
    }

    private static void write(Path file, byte[] bytes) {
        try {
            Files.write(file, bytes);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
