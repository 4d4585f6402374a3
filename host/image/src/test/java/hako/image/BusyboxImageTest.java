package hako.image;

import static org.assertj.core.api.Assertions.assertThat;

import hako.storage.RootFilesystem;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BusyboxImageTest {
    @TempDir
    private Path state;

    @Test
    void itIsMadeOfThisHostsBusyboxAndTheSameEachTime() throws Exception {
        ImageStore store = new ImageStore(state);

        Image image = BusyboxImage.make(store);

        assertThat(image.references()).containsExactly("hako/busybox:latest");
        assertThat(image.config().execution().cmd()).containsExactly("sh");
        Path layer = store.rootFilesystems().layers(image).directories().getFirst();
        assertThat(layer.resolve("bin/sh")).isSymbolicLink();
        assertThat(Files.readString(layer.resolve("etc/passwd"))).startsWith("root:x:0:0:root:/root:/bin/sh");
        RootFilesystem.Block disk = store.rootFilesystems().block(image);
        assertThat(disk.image()).isNotEmptyFile();
        assertThat(BusyboxImage.make(store).diffIds()).isEqualTo(image.diffIds());
    }

    @Test
    void itIsFoundAsItWasTyped() throws Exception {
        ImageStore store = new ImageStore(state);
        Image image = BusyboxImage.make(store);

        assertThat(store.resolve("hako/busybox").id()).isEqualTo(image.id());
        assertThat(store.resolve("docker.io/hako/busybox:latest").id()).isEqualTo(image.id());
        assertThat(store.resolve(image.shortId()).references()).containsExactly("hako/busybox:latest");
        assertThat(new ImageStore(state).list()).hasSize(1);
    }
}
