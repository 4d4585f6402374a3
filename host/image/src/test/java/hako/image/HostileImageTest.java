package hako.image;

import static hako.image.TarBuilder.tar;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import hako.base.HakoException;
import hako.base.HakoException.Code;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Bad images get a clear error, leave nothing behind and touch nothing outside. */
class HostileImageTest {
    private static final long MIB = 1 << 20;
    private static final UnpackLimits SMALL = new UnpackLimits(64 * MIB, 1000, 50, 4 * MIB, 0);

    @RegisterExtension
    private final State state = new State();

    private void refused(byte[] layer, Code code, String... words) throws Exception {
        refused(TestImage.of(layer), code, words);
    }

    private void refused(TestImage image, Code code, String... words) throws Exception {
        Path layout = image.layout(state.file("layout"), "evil:1");
        ImageStore store = state.store(SMALL);
        assertThatThrownBy(() -> store.load(layout))
                .isInstanceOf(HakoException.class)
                .hasMessageContainingAll(words)
                .satisfies(e -> assertThat(((HakoException) e).code())
                        .as(e.getMessage())
                        .isEqualTo(code));
    }

    @AfterEach
    void nothingIsLeft() throws Exception {
        state.assertEmpty();
        assertThat(state.file("escaped")).doesNotExist();
        assertThat(state.directory().resolve("escaped")).doesNotExist();
        assertThat(Path.of("/tmp/hako-escaped")).doesNotExist();
    }

    @Test
    void aPathThatClimbsOutOfTheRootIsRefused() throws Exception {
        refused(
                tar().file("../../escaped", "x").build(),
                Code.UNSUPPORTED,
                "evil",
                "../../escaped",
                "climbs out of the root");
    }

    @Test
    void aPathThatClimbsOutFromBelowIsRefused() throws Exception {
        refused(tar().file("a/../../../escaped", "x").build(), Code.UNSUPPORTED, "climbs out of the root");
    }

    @Test
    void aHardLinkToOutsideIsRefused() throws Exception {
        refused(tar().hardLink("passwd", "../../../../etc/passwd").build(), Code.UNSUPPORTED, "passwd", "climbs out");
    }

    @Test
    void aHardLinkToAnAbsolutePathStaysWithin() throws Exception {
        refused(tar().hardLink("passwd", "/etc/passwd").build(), Code.UNSUPPORTED, "hard link", "not in the layer");
    }

    @Test
    void aHardLinkThroughALinkToOutsideIsRefused() throws Exception {
        refused(
                tar().link("out", "/etc").hardLink("passwd", "out/passwd").build(),
                Code.UNSUPPORTED,
                "hard link",
                "not in the layer");
    }

    @Test
    void aDeviceNodeIsRefused() throws Exception {
        refused(tar().device("dev/sda", '4').build(), Code.UNSUPPORTED, "dev/sda", "device node");
    }

    @Test
    void aCharacterDeviceIsRefused() throws Exception {
        refused(tar().device("null", '3').build(), Code.UNSUPPORTED, "null", "device node");
    }

    @Test
    void aTarBombIsStoppedByItsRatio() throws Exception {
        refused(
                tar().entry("zeros", '0', "", 0644, new byte[(int) (16 * MIB)]).build(),
                Code.UNSUPPORTED,
                "more than 50 times");
    }

    @Test
    void aTarBombOfManyEntriesIsStopped() throws Exception {
        TarBuilder many = tar();
        for (int i = 0; i < 1001; i++) {
            many.file("f" + i, "");
        }
        refused(many.build(), Code.UNSUPPORTED, "more than 1000 entries");
    }

    @Test
    void aSparseTarBombIsStopped() throws Exception {
        byte[] map = new byte[512];
        System.arraycopy("1\n0\n1\n".getBytes(StandardCharsets.US_ASCII), 0, map, 0, 6);
        byte[] data = Arrays.copyOf(map, 513);
        refused(
                tar().pax(
                                'x',
                                Map.of(
                                        "GNU.sparse.major", "1",
                                        "GNU.sparse.minor", "0",
                                        "GNU.sparse.name", "huge",
                                        "GNU.sparse.realsize", "9000000000000000000"))
                        .entry("GNUSparseFile.0/huge", '0', "", 0644, data)
                        .build(),
                Code.UNSUPPORTED,
                "unpacks to more than 64 MB");
    }

    @Test
    void aCorruptLayerIsRefused() throws Exception {
        TestImage image = TestImage.of(tar().file("a", "hello").build());
        Digest layer = image.layers().getFirst();
        byte[] damaged = image.blobs().get(layer).clone();
        damaged[damaged.length / 2] ^= 0x55;
        image.blobs().put(layer, damaged);
        refused(image, Code.CORRUPT, layer.toString(), "digest");
    }

    @Test
    void aLayerThatIsNoGzipInsideIsRefused() throws Exception {
        byte[] noise = new byte[4000];
        new Random(1).nextBytes(noise);
        noise[0] = 0x1f;
        noise[1] = (byte) 0x8b;
        refused(noise, Code.CORRUPT, "header's checksum");
    }

    @Test
    void aLayerWithAnotherContentThanTheConfigurationSaysIsRefused() throws Exception {
        refused(
                TestImage.of(tar().file("a", "hello").build()).withWrongDiffId(),
                Code.CORRUPT,
                "but the image says sha256:");
    }

    @Test
    void anArchiveCutShortIsRefused() throws Exception {
        refused(tar().header("big", '0', "", 0644, 100_000).raw(new byte[512]).open(), Code.CORRUPT, "cut short");
    }

    @Test
    void aDocumentThatIsNoManifestIsRefused() throws Exception {
        TestImage image = TestImage.of(tar().file("a", "b").build());
        refused(
                new TestImage(image.blobs(), "{\"layers\":".getBytes(StandardCharsets.US_ASCII), image.layers()),
                Code.INVALID_ARGUMENT,
                "image manifest");
    }

    @Test
    void aWhiteoutOfTheParentIsRefused() throws Exception {
        refused(tar().directory("a/").file("a/.wh...", "").build(), Code.UNSUPPORTED, "climbs out");
    }

    @Test
    void aNameThatIsTooLongIsRefused() throws Exception {
        refused(
                tar().pax('x', Map.of("path", "a/".repeat(3000) + "b"))
                        .file("x", "")
                        .build(),
                Code.UNSUPPORTED,
                "name");
        refused(tar().pax('x', Map.of("path", "n".repeat(300))).file("x", "").build(), Code.UNSUPPORTED, "nnnn");
    }

    @Test
    void noRoomOnTheDiskIsSaidAndNothingStays() throws Exception {
        Path small = Files.createDirectories(state.directory());
        Trees.run(List.of("mount", "-t", "tmpfs", "-o", "size=8m", "hako-test", small.toString()));
        try {
            byte[] noise = new byte[6 << 20];
            new Random(1).nextBytes(noise);
            refused(tar().entry("noise", '0', "", 0644, noise).build(), Code.NO_SPACE, "no space left on device");
            state.assertEmpty();
        } finally {
            Trees.run(List.of("umount", small.toString()));
            Files.createDirectories(state.directory());
        }
        state.store();
    }

    @Test
    void tooLittleRoomIsSaidBeforeAnythingIsWritten() throws Exception {
        Path layout = TestImage.of(tar().file("a", "b").build()).layout(state.file("layout"), "big:1");
        ImageStore store = state.store(new UnpackLimits(MIB, 10, 10, MIB, Long.MAX_VALUE));
        assertThatThrownBy(() -> store.load(layout)).hasMessageContainingAll("big:1", "MB left", "free some space");
    }

    @Test
    void aFileThatIsNoImageIsRefused() throws Exception {
        ImageStore store = state.store();
        Path file = Files.writeString(state.file("notes.txt"), "hello");
        assertThatThrownBy(() -> store.load(file)).hasMessageContaining("cut short");
        Path plain = Files.write(
                state.file("root.tar"), tar().file("etc/passwd", "x").build());
        assertThatThrownBy(() -> store.load(plain)).hasMessageContaining("hako image import");
    }

    @Test
    void anExtendedHeaderThatIsTooLongIsRefused() throws Exception {
        refused(
                tar().pax('x', Map.of("SCHILY.xattr.user.a", "x".repeat(70_000)))
                        .file("f", "")
                        .build(),
                Code.UNSUPPORTED,
                "at most 65536");
    }

    @Test
    void aSparseMapOfTooManySegmentsIsRefused() throws Exception {
        int count = 10_001;
        StringBuilder map = new StringBuilder(count + "\n");
        for (int i = 0; i < count; i++) {
            map.append(i).append("\n1\n");
        }
        refused(
                tar().pax(
                                'x',
                                Map.of(
                                        "GNU.sparse.major", "1",
                                        "GNU.sparse.minor", "0",
                                        "GNU.sparse.realsize", "100000"))
                        .file("f", map.toString())
                        .build(),
                Code.UNSUPPORTED,
                "more than 10000 segments");
    }

    @Test
    void directoriesThatNoEntryNamesCountAsEntries() throws Exception {
        refused(
                tar().pax('x', Map.of("path", "a/".repeat(600) + "f"))
                        .file("f", "")
                        .pax('x', Map.of("path", "b/".repeat(600) + "f"))
                        .file("f", "")
                        .build(),
                Code.UNSUPPORTED,
                "more than 1000 entries");
    }
}
