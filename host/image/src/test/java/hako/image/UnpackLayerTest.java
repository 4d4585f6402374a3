package hako.image;

import static hako.image.TarBuilder.tar;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import hako.storage.RootFilesystem;
import java.io.ByteArrayInputStream;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class UnpackLayerTest {
    @RegisterExtension
    private final State state = new State();

    private Path unpack(byte[] archive) throws Exception {
        return unpack(archive, InstantSource.system());
    }

    private Path unpack(byte[] archive, InstantSource clock) throws Exception {
        Path target = Files.createDirectories(state.file("root"));
        Digest diffId = new UnpackLayer("unpack test", target, UnpackLimits.DEFAULT, false, clock)
                .from(new ByteArrayInputStream(archive), "sha256");
        assertThat(diffId).isNotNull();
        return target;
    }

    private static String stat(String format, Path path) throws Exception {
        Process stat = new ProcessBuilder("stat", "-c", format, path.toString()).start();
        return new String(stat.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    }

    /** As tar shows it, which is on every host. */
    private static String attribute(String name, Path path) throws Exception {
        Process tar = new ProcessBuilder(
                        "tar",
                        "--create",
                        "--xattrs",
                        "--xattrs-include=*",
                        "--no-recursion",
                        "--format=posix",
                        "--directory=" + path.getParent(),
                        path.getFileName().toString())
                .start();
        String archive = new String(tar.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
        int at = archive.indexOf("SCHILY.xattr." + name + "=");
        return at < 0 ? "" : archive.substring(archive.indexOf('=', at) + 1, archive.indexOf('\n', at));
    }

    @Test
    void ownersModesAndTimesAreKept() throws Exception {
        Path root = unpack(tar().entry("./", '5', "", 0711, new byte[0])
                .entry("bin/", '5', "", 01777, new byte[0])
                .entry("bin/su", '0', "", 04755, new byte[] {1})
                .link("bin/sh", "/bin/su")
                .hardLink("bin/su2", "./bin/su")
                .build());

        assertThat(stat("%a %u:%g %Y", root)).isEqualTo("711 1000:1001 1600000000");
        assertThat(stat("%a %Y", root.resolve("bin"))).isEqualTo("1777 1600000000");
        assertThat(stat("%a %u:%g %Y %h", root.resolve("bin/su"))).isEqualTo("4755 1000:1001 1600000000 2");
        assertThat(Files.readSymbolicLink(root.resolve("bin/sh"))).isEqualTo(Path.of("/bin/su"));
        assertThat(stat("%u %Y", root.resolve("bin/sh"))).isEqualTo("1000 1600000000");
    }

    @Test
    void entriesBehindALinkStayWithinTheRoot() throws Exception {
        Path root = unpack(tar().directory("usr/lib/")
                .link("lib", "/usr/lib")
                .file("lib/libc.so", "x")
                .link("up", "../../../../../..")
                .file("up/tmp/hako-escaped", "x")
                .build());

        assertThat(root.resolve("usr/lib/libc.so")).exists();
        assertThat(root.resolve("tmp/hako-escaped")).exists();
        assertThat(Path.of("/tmp/hako-escaped")).doesNotExist();
    }

    @Test
    void aFileReplacesALinkOfThatName() throws Exception {
        Path victim = Files.writeString(state.file("victim"), "mine");
        Path root =
                unpack(tar().link("x", victim.toString()).file("x", "theirs").build());

        assertThat(Files.readString(victim)).isEqualTo("mine");
        assertThat(root.resolve("x")).isRegularFile();
        assertThat(Files.isSymbolicLink(root.resolve("x"))).isFalse();
    }

    @Test
    void aLaterEntryReplacesAnEarlierOne() throws Exception {
        Path root = unpack(tar().file("a", "1")
                .file("a", "2")
                .directory("d/")
                .file("d/x", "")
                .file("d", "now a file")
                .file("e", "")
                .directory("e/")
                .build());

        assertThat(root.resolve("a")).hasContent("2");
        assertThat(root.resolve("d")).hasContent("now a file");
        assertThat(root.resolve("e")).isDirectory();
    }

    @Test
    void absoluteNamesAreRelativeToTheRoot() throws Exception {
        assertThat(unpack(tar().file("/etc/hako-x", "x").build()).resolve("etc/hako-x"))
                .exists();
    }

    @Test
    void whiteoutsBecomeWhatOverlayfsReads() throws Exception {
        Path root = unpack(tar().directory("etc/")
                .file("etc/.wh.gone", "")
                .directory("var/")
                .file("var/.wh..wh..opq", "")
                .file(".wh..wh.aufs", "")
                .file("a/.wh.b", "")
                .directory("a/b/")
                .file("c", "kept")
                .file(".wh.c", "")
                .build());

        assertThat(stat("%F %t:%T", root.resolve("etc/gone"))).isEqualTo("character special file 0:0");
        assertThat(attribute("trusted.overlay.opaque", root.resolve("var"))).isEqualTo("y");
        assertThat(attribute("trusted.overlay.opaque", root.resolve("a/b"))).isEqualTo("y");
        assertThat(root.resolve("c")).hasContent("kept");
        assertThat(root.resolve(".wh..wh.aufs")).doesNotExist();
    }

    @Test
    void onlyHarmlessAttributesAreKept() throws Exception {
        Path root = unpack(tar().pax(
                        'x',
                        Map.of(
                                "SCHILY.xattr.user.colour", "blue",
                                "SCHILY.xattr.trusted.overlay.redirect", "/etc",
                                "SCHILY.xattr.security.selinux", "x"))
                .file("f", "")
                .build());

        assertThat(attribute("user.colour", root.resolve("f"))).isEqualTo("blue");
        assertThat(attribute("trusted.overlay.redirect", root.resolve("f"))).isEmpty();
        assertThat(attribute("security.selinux", root.resolve("f"))).isEmpty();
    }

    @Test
    void whatGnuTarWritesReadsBack() throws Exception {
        Path tree = Files.createDirectories(state.file("tree"));
        Files.writeString(tree.resolve("Főtanúsítvány " + "n".repeat(200)), "long");
        Path deep = Files.createDirectories(tree.resolve("d".repeat(120) + "/" + "e".repeat(120)));
        Files.writeString(deep.resolve("f"), "deep");
        try (var sparse = new RandomAccessFile(tree.resolve("sparse").toFile(), "rw")) {
            for (int i = 0; i < 40; i++) {
                sparse.seek(i * 100_000L);
                sparse.write(i);
            }
            sparse.setLength(5_000_000);
        }
        for (String format : List.of("gnu", "posix", "pax")) {
            for (String packing : List.of("--no-auto-compress", "--gzip", "--zstd", "--xz")) {
                Path archive = state.file("t-" + format + packing);
                Trees.run(List.of(
                        "tar",
                        "--create",
                        "--sparse",
                        "--format=" + format,
                        packing,
                        "--file=" + archive,
                        "--directory=" + tree,
                        "."));
                Path root = unpack(Files.readAllBytes(archive));
                Trees.run(List.of("diff", "-r", tree.toString(), root.toString()));
                assertThat(stat("%s", root.resolve("sparse"))).isEqualTo("5000000");
                assertThat(Long.parseLong(stat("%b", root.resolve("sparse")))).isLessThan(4000);
                Trees.remove(root);
            }
        }
    }

    @Test
    void layersAreMergedInTheDisk() throws Exception {
        TestImage image = TestImage.of(
                tar().file("a", "lower").file("b", "lower").file("dir/old", "").build(),
                tar().file("a", "upper")
                        .file(".wh.b", "")
                        .file("dir/.wh..wh..opq", "")
                        .file("dir/new", "")
                        .build());
        ImageStore store = state.store();
        Image loaded = store.load(image.layout(state.file("layout"), "two:1")).getFirst();

        RootFilesystem.Block disk = store.rootFilesystems().block(loaded);
        Path mounted = Files.createDirectories(state.file("mounted"));
        Trees.run(List.of("mount", "-t", "erofs", "-o", "loop,ro", disk.image().toString(), mounted.toString()));
        try {
            assertThat(mounted.resolve("a")).hasContent("upper");
            assertThat(Files.exists(mounted.resolve("b"), LinkOption.NOFOLLOW_LINKS))
                    .isFalse();
            assertThat(mounted.resolve("dir/new")).exists();
            assertThat(mounted.resolve("dir/old")).doesNotExist();
        } finally {
            Trees.run(List.of("umount", mounted.toString()));
        }
        assertThat(store.rootFilesystems()
                        .layers(loaded)
                        .directories()
                        .getFirst()
                        .resolve("a"))
                .hasContent("upper");
    }

    @Test
    void aDirectoryListedTwiceIsAsTheLaterEntrySays() throws Exception {
        Path root = unpack(tar().entry("d/", '5', "", 0700, new byte[0])
                .file("d/f", "")
                .entry("d/", '5', "", 0751, new byte[0])
                .build());

        assertThat(stat("%a %Y", root.resolve("d"))).isEqualTo("751 1600000000");
    }

    @Test
    void directoriesWhoseNamesFillTheMemoryAreRefused() {
        String deep = ("d".repeat(250) + "/").repeat(15);
        TarBuilder many = tar();
        for (int i = 0; i < 4500; i++) {
            many.pax('x', Map.of("path", deep)).directory("x/");
        }

        assertThatThrownBy(() -> unpack(many.build()))
                .hasMessageContaining("the names of a layer's directories and whiteouts take more than 16 MB");
    }

    @Test
    void aLayerThatTakesLongerThanAnyHonestOneIsRefused() {
        AtomicLong minutes = new AtomicLong();
        InstantSource clock = () -> Instant.EPOCH.plus(Duration.ofMinutes(minutes.getAndAdd(5)));
        TarBuilder many = tar();
        for (int i = 0; i < 100; i++) {
            many.file("f" + i, "x");
        }

        assertThatThrownBy(() -> unpack(many.build(), clock)).hasMessageContaining("not unpacked after 30 minutes");
    }
}
