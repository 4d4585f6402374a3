package hako.image;

import static hako.image.TarBuilder.tar;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import hako.base.HakoException;
import hako.spec.ImageConfig;
import java.io.ByteArrayInputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class ImageStoreTest {
    @RegisterExtension
    private final State state = new State();

    private final TestImage web = TestImage.of(
            tar().file("web", "1").build(), tar().file("shared", "").build());

    private Path layout(TestImage image, String name) {
        return image.layout(state.file("layout-" + name.replace('/', '-')), name);
    }

    @Test
    void aLayoutIsLoadedFromADirectory() throws Exception {
        Image image = state.store().load(layout(web, "shop/web:2")).getFirst();

        assertThat(image.references()).containsExactly("shop/web:2");
        assertThat(new ImageStore(state.directory()).resolve("shop/web:2").id()).isEqualTo(image.id());
    }

    @Test
    void aLayoutIsLoadedFromAnArchiveOnAStream() throws Exception {
        Path layout = layout(web, "shop/web:2");
        Path archive = state.file("web.tar.gz");
        Trees.run(List.of("tar", "--create", "--gzip", "--file=" + archive, "--directory=" + layout, "."));

        Image image = state.store()
                .load(new ByteArrayInputStream(Files.readAllBytes(archive)))
                .getFirst();

        assertThat(image.references()).containsExactly("shop/web:2");
    }

    @Test
    void aMereTagIsCompletedByTheFilesName() throws Exception {
        Path layout = layout(web, "1.0");
        Path archive = state.file("My_Shop.tar");
        Trees.run(List.of("tar", "--create", "--file=" + archive, "--directory=" + layout, "."));

        assertThat(state.store().load(archive).getFirst().references()).containsExactly("my-shop:1.0");
        assertThat(state.store().load(archive, "given:3").getFirst().references())
                .contains("given:3");
    }

    @Test
    void aDockerArchiveIsLoaded() throws Exception {
        byte[] layer = tar().file("hello", "docker").build();
        byte[] config = new ImageConfig(
                        null,
                        null,
                        "amd64",
                        "linux",
                        null,
                        ImageConfig.Execution.command(List.of("x")),
                        new ImageConfig.Rootfs(
                                "layers", List.of(Digest.sha256(layer).toString())),
                        List.of())
                .toJson();
        String manifest =
                "[{\"Config\":\"c.json\",\"RepoTags\":[\"saved:1\",\"other/saved:2\"],\"Layers\":[\"ab/layer.tar\"]}]";
        byte[] archive = tar().entry("real.tar", '0', "", 0644, layer)
                .link("ab/layer.tar", "../real.tar")
                .entry("c.json", '0', "", 0644, config)
                .file("manifest.json", manifest)
                .build();

        ImageStore store = state.store();
        Image image = store.load(Files.write(state.file("saved.tar"), archive)).getFirst();

        assertThat(image.references()).containsExactlyInAnyOrder("saved:1", "other/saved:2");
        assertThat(image.id()).isEqualTo(Digest.sha256(config));
        assertThat(store.rootFilesystems()
                        .layers(image)
                        .directories()
                        .getFirst()
                        .resolve("hello"))
                .hasContent("docker");
    }

    @Test
    void aDockerArchivesLayerMustBeTheOneItsConfigurationNames() throws Exception {
        byte[] config = new ImageConfig(
                        null,
                        null,
                        "amd64",
                        "linux",
                        null,
                        null,
                        new ImageConfig.Rootfs(
                                "layers", List.of(Digest.sha256(new byte[1]).toString())),
                        List.of())
                .toJson();
        byte[] archive = tar().entry("l.tar", '0', "", 0644, tar().file("x", "").build())
                .entry("c.json", '0', "", 0644, config)
                .file("manifest.json", "[{\"Config\":\"c.json\",\"RepoTags\":null,\"Layers\":[\"l.tar\"]}]")
                .build();

        ImageStore store = state.store();
        assertThatThrownBy(() -> store.load(new ByteArrayInputStream(archive))).hasMessageContaining("has the digest");
        state.assertEmpty();
    }

    @Test
    void aTarballIsImportedWithItsConfiguration() throws Exception {
        byte[] root = tar().directory("./")
                .file("./bin/app", "x")
                .device("./dev/null", '3')
                .build();
        Path tarball = Files.write(state.file("root.tgz"), TestImage.gzip(root));

        ImageStore store = state.store();
        Image image = store.importRoot(tarball, "mine", ImageConfig.Execution.command(List.of("/bin/app")));

        assertThat(image.config().execution().cmd()).containsExactly("/bin/app");
        Path layer = store.rootFilesystems().layers(image).directories().getFirst();
        assertThat(layer.resolve("bin/app")).hasContent("x");
        assertThat(layer.resolve("dev/null")).doesNotExist();
    }

    @Test
    void removingTheLastNameDeletesWhatNoOtherImageNeeds() throws Exception {
        TestImage other = TestImage.of(
                tar().file("other", "").build(), tar().file("shared", "").build());
        ImageStore store = state.store();
        Image image = store.load(layout(web, "web:1")).getFirst();
        store.load(layout(other, "other:1"));
        store.tag(image, "web:2");

        assertThat(store.remove("web:1", false)).containsExactly("Untagged: web:1");
        assertThat(store.remove("web:2", false)).containsExactly("Untagged: web:2", "Deleted: " + image.id());

        assertThat(store.list()).hasSize(1);
        Path layers = state.directory().resolve("layers");
        assertThat(layers.resolve(image.diffIds().getFirst().hex())).doesNotExist();
        assertThat(layers.resolve(image.diffIds().get(1).hex())).exists();
        store.remove("other:1", false);
    }

    @Test
    void anUnknownImageIsNotFound() throws Exception {
        ImageStore store = state.store();
        for (String name : List.of("nobody/home", "0123abc", "NOT A NAME", "")) {
            assertThatThrownBy(() -> store.resolve(name))
                    .isInstanceOf(ImageException.class)
                    .satisfies(e -> assertThat(((ImageException) e).code()).isEqualTo(HakoException.Code.NOT_FOUND));
        }
        assertThatThrownBy(() -> store.resolve("nobody/home"))
                .hasMessage("image \"nobody/home\" is not on this host; get it: hako image pull nobody/home");
    }

    @Test
    void whatAContainerHasMountedOverHasAPlaceBelowAllLayersOfItsImage() throws Exception {
        ImageStore store = state.store();
        Image image = store.load(layout(web, "web:1")).getFirst();

        Path lowest = store.rootFilesystems().layers(image).directories().getLast();

        assertThat(lowest.resolve("proc")).isEmptyDirectory();
        assertThat(lowest.resolve("etc/resolv.conf")).isEmptyFile();
        assertThat(Files.getPosixFilePermissions(lowest.resolve("etc/resolv.conf")))
                .isEqualTo(PosixFilePermissions.fromString("rw-r--r--"));
    }

    @Test
    void anImageThatAContainerUsesStaysUntilItIsForced() throws Exception {
        ImageStore store = state.store();
        Image image = store.load(layout(web, "web:1")).getFirst();
        store.inUse(() -> Set.of(image.id()));

        assertThatThrownBy(() -> store.remove("web:1", false)).hasMessageContaining("a container uses it");
        store.remove("web:1", true);
        assertThat(store.list()).isEmpty();
        assertThat(store.rootFilesystems().block(image).image()).exists();

        store.inUse(Set::of);
        store.load(layout(TestImage.of(tar().file("x", "").build()), "x:1"));
        assertThat(state.directory()
                        .resolve("layers")
                        .resolve(image.diffIds().getFirst().hex()))
                .doesNotExist();
    }

    @Test
    void aDamagedStoreStillListsAndRemoves() throws Exception {
        ImageStore store = state.store();
        Image image = store.load(layout(web, "web:1")).getFirst();
        store.load(layout(TestImage.of(tar().file("x", "").build()), "fine:1"));
        Files.writeString(
                state.directory()
                        .resolve("images/blobs/sha256")
                        .resolve(image.id().hex()),
                "{}");

        ImageStore again = new ImageStore(state.directory());
        assertThat(again.list()).extracting(Image::name).containsExactly("fine:1");
        again.remove("web:1", false);
        assertThat(again.find("web:1")).isEmpty();
    }

    @Test
    void imagesAreAddedSideBySide() throws Exception {
        ImageStore store = state.store();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Callable<Object>> loads = new ArrayList<>();
            for (int i = 0; i < 8; i++) {
                TestImage image = TestImage.of(
                        tar().file("common", "c").build(),
                        tar().file("f" + i % 3, "x").build());
                Path layout = image.layout(state.file("l" + i), "many:" + i);
                loads.add(() -> store.load(layout));
                loads.add(() -> store.find("many:0").isPresent() ? store.remove("many:0", false) : store.list());
            }
            for (var done : threads.invokeAll(loads)) {
                done.get();
            }
        }
        for (Image image : store.list()) {
            assertThat(store.rootFilesystems()
                            .layers(image)
                            .directories()
                            .get(1)
                            .resolve("common"))
                    .hasContent("c");
        }
        assertThat(store.list().stream().flatMap(i -> i.references().stream())).hasSizeBetween(7, 8);
    }

    @Test
    void whatAnEarlierDaemonLeftUnfinishedIsRemoved() throws Exception {
        state.store();
        Path half = Files.createDirectories(state.directory().resolve("layers/.tmp-half/etc"));
        Files.writeString(state.directory().resolve("tmp/blob-1"), "x");
        state.store();
        assertThat(half).doesNotExist();
        state.assertEmpty();
    }

    @Test
    void aMovedNameLeavesNoOldImageBehind() throws Exception {
        ImageStore store = state.store();
        Image first = store.load(layout(web, "web:1")).getFirst();
        Image second = store.load(layout(TestImage.of(tar().file("new", "").build()), "web:1"))
                .getFirst();

        assertThat(store.list()).extracting(Image::id).containsExactly(second.id());
        assertThat(state.directory()
                        .resolve("images/blobs/sha256")
                        .resolve(first.id().hex()))
                .doesNotExist();
    }
}
