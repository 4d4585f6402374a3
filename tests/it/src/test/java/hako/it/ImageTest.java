package hako.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Images out of archives, layouts and folders, and the store they go to. */
@VmTest
class ImageTest {
    @RegisterExtension
    static final SharedNode shared = SharedNode.create();

    private static final Path folder = Temporary.folder("img");

    private final HakoNode node = shared.node();

    @BeforeAll
    static void makeAnImage() {
        TestImages.layout(folder, "words of umoci");
    }

    @AfterAll
    static void remove() {
        Temporary.delete(folder);
    }

    @Test
    void aDockerArchiveIsLoadedAndRun() {
        Path archive = TestImages.dockerArchive(folder.resolve("layout"), folder.resolve("saved.tar"), "from/docker:1");

        Result load = node.run("image", "load", "-i", archive.toString()).ok();

        assertThat(load.out()).contains("from/docker:1");
        Result run = node.run("run", "--rm", "from/docker:1").ok();
        assertThat(run.out()).isEqualTo("words of umoci");
    }

    @Test
    void aDockerArchiveIsLoadedFromStandardInput() throws IOException {
        Path archive =
                TestImages.dockerArchive(folder.resolve("layout"), folder.resolve("piped.tar"), "piped/docker:1");

        Result load = node.hako("image", "load")
                .input(Files.readAllBytes(archive))
                .run()
                .ok();

        assertThat(load.out()).contains("piped/docker:1");
    }

    @Test
    void anOciArchiveIsLoaded() {
        Path archive = folder.resolve("oci.tar");
        Command.of(
                        "skopeo",
                        "copy",
                        "-q",
                        "oci:" + folder.resolve("layout") + ":latest",
                        "oci-archive:" + archive + ":oci/archive:2")
                .run()
                .ok();

        Result load = node.run("image", "load", "-i", archive.toString()).ok();

        assertThat(load.out()).contains("oci/archive:2");
        assertThat(node.run("run", "--rm", "oci/archive:2").ok().out()).isEqualTo("words of umoci");
    }

    @Test
    void anOciLayoutIsLoaded() {
        Result load = node.run("image", "load", "-i", folder.resolve("layout").toString())
                .ok();

        String reference = load.out().strip().replaceFirst("^.*: ", "");
        assertThat(node.run("run", "--rm", reference).ok().out()).isEqualTo("words of umoci");
    }

    @Test
    void theImagesConfigurationCounts() {
        Path archive =
                TestImages.dockerArchive(folder.resolve("layout"), folder.resolve("config.tar"), "with/config:1");
        node.run("image", "load", "-i", archive.toString()).ok();

        Result run = node.run("run", "--rm", "--entrypoint", "sh", "with/config:1", "-c", "pwd; echo $MADE_BY")
                .ok();

        assertThat(run.lines()).containsExactly("/etc", "umoci");
    }

    @Test
    void aFolderIsImported() {
        Path root = folder.resolve("root");

        node.run("image", "import", root.toString(), "from/folder:1").ok();

        assertThat(node.run("run", "--rm", "from/folder:1", "cat", "/etc/words")
                        .ok()
                        .out())
                .isEqualTo("words of umoci");
    }

    @Test
    void aTarballIsImportedFromStandardInput() throws IOException {
        node.hako("image", "import", "-", "from/pipe:1")
                .input(Files.readAllBytes(Build.busybox()))
                .run()
                .ok();

        assertThat(node.run("run", "--rm", "from/pipe:1", "echo", "x").ok().out())
                .isEqualTo("x\n");
    }

    @Test
    void lsShowsWhatIsThere() {
        Result ls = node.run("image", "ls").ok();

        assertThat(ls.lines().getFirst()).startsWith("REPOSITORY").contains("TAG", "IMAGE ID", "CREATED", "SIZE");
        assertThat(ls.lines()).anyMatch(line -> line.matches("hako/busybox +latest +[0-9a-f]{12} .*B"));
    }

    @Test
    void rmForgetsAnImageAndFreesItsSpace() {
        // Given an image nobody shares a layer with
        Path tar = new Tar().file("only-here", new byte[3_000_000], 0644).write(folder.resolve("only.tar"));
        node.awaitNoTraces(); // of the tests before
        List<Path> before = node.stored();
        node.run("image", "import", tar.toString(), "only/here:1").ok();

        // When
        node.run("image", "rm", "only/here:1").ok();

        // Then
        assertThat(node.run("image", "ls").out()).doesNotContain("only/here");
        Await.until("its files to go", HakoNode.CLEAN_UP, () -> node.stored().equals(before));
        assertThat(node.run("image", "rm", "only/here:1").exits(1).err()).contains("only/here:1");
    }

    @Test
    void anImageInUseIsNotRemoved() {
        node.run("image", "import", Build.busybox().toString(), "in/use:1").ok();
        node.run("run", "-d", "--name", "user", "in/use:1", "sleep", "1000").ok();

        assertThat(node.run("image", "rm", "in/use:1").exitCode()).isNotZero();

        assertThat(node.run("exec", "user", "ls", "/bin/busybox").ok().out()).contains("busybox");
        node.run("rm", "-f", "user").ok();
        node.run("image", "rm", "in/use:1").ok();
    }

    @Test
    void skopeoReadsTheStore() {
        // Given
        Path store = node.home().resolve("lib/images");
        Json index = Json.parse(Temporary.read(store.resolve("index.json")));

        // When
        String name = index.at("manifests").items().stream()
                .map(manifest -> ((java.util.Map<?, ?>)
                                manifest.at("annotations").value())
                        .get("org.opencontainers.image.ref.name"))
                .map(String::valueOf)
                .filter(reference -> reference.contains("hako/busybox"))
                .findFirst()
                .orElseThrow();
        Result inspect = Command.of("skopeo", "inspect", "oci:" + store + ":" + name)
                .run()
                .ok();

        // Then
        assertThat(Json.parse(inspect.out()).at("Architecture").text()).isEqualTo("amd64");
        Command.of("skopeo", "copy", "-q", "oci:" + store + ":" + name, "dir:" + folder.resolve("copied"))
                .run()
                .ok();
    }

    @Test
    void whatIsNoImageIsRefused() {
        Path text = Temporary.write(folder.resolve("text"), "no archive at all");

        Result load = node.run("image", "load", "-i", text.toString()).exits(1);
        Result missing = node.run("image", "load", "-i", "/no/such/file").exits(1);

        assertThat(load.err()).isNotBlank().doesNotContain("Exception");
        assertThat(missing.err()).contains("/no/such/file");
    }
}
