package hako.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import hako.base.HakoException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ErofsImageTest {
    private static final UUID ID = new UUID(1, 2);

    @TempDir
    private Path directory;

    private Path lower;
    private Path upper;

    @BeforeEach
    void layers() throws Exception {
        lower = Files.createDirectories(directory.resolve("lower"));
        upper = Files.createDirectories(directory.resolve("upper"));
        Files.writeString(lower.resolve("a"), "lower");
        Files.writeString(upper.resolve("a"), "upper");
        Files.createLink(upper.resolve("b"), upper.resolve("a"));
    }

    @Test
    void theSameLayersMakeTheSameBytes() throws Exception {
        RootFilesystem.Layers layers = new RootFilesystem.Layers(List.of(upper, lower));
        ErofsImage.build(layers, directory.resolve("1.erofs"), ID);
        Thread.sleep(1100); // another second of build time
        ErofsImage.build(layers, directory.resolve("2.erofs"), ID);

        assertThat(Files.mismatch(directory.resolve("1.erofs"), directory.resolve("2.erofs")))
                .isEqualTo(-1);
    }

    @Test
    void manyLayersWithLongNamesAreMerged() throws Exception {
        List<Path> many = new ArrayList<>(List.of(upper));
        for (int i = 0; i < 120; i++) {
            many.add(Files.createDirectories(directory.resolve(("layer-" + i + "-").repeat(8))));
        }
        ErofsImage.build(new RootFilesystem.Layers(many), directory.resolve("many.erofs"), ID);

        assertThat(directory.resolve("many.erofs")).isNotEmptyFile();
    }

    @Test
    void aFailureSaysWhyAndLeavesNothing() throws Exception {
        RootFilesystem.Layers missing = new RootFilesystem.Layers(List.of(directory.resolve("nowhere")));

        assertThatThrownBy(() -> ErofsImage.build(missing, directory.resolve("x.erofs"), ID))
                .isInstanceOf(StorageException.class)
                .hasMessageContaining("make root filesystem x.erofs: mkfs.erofs failed");
        try (var left = Files.list(directory)) {
            assertThat(left.toList()).containsExactlyInAnyOrder(lower, upper);
        }
    }

    @Test
    void noRoomOnTheDiskIsSaid() throws Exception {
        Path small = Files.createDirectories(directory.resolve("small"));
        run("mount", "-t", "tmpfs", "-o", "size=1m", "hako-test", small.toString());
        try {
            Files.write(lower.resolve("large"), new byte[4 << 20]);
            assertThatThrownBy(() ->
                            ErofsImage.build(new RootFilesystem.Layers(List.of(lower)), small.resolve("x.erofs"), ID))
                    .satisfies(e -> assertThat(((HakoException) e).code()).isEqualTo(HakoException.Code.NO_SPACE));
            assertThat(small).isEmptyDirectory();
        } finally {
            run("umount", small.toString());
        }
    }

    private static void run(String... command) throws Exception {
        assertThat(new ProcessBuilder(command).inheritIO().start().waitFor()).isZero();
    }
}
