package hako.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import hako.spec.MountSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VolumesTest {
    @TempDir
    Path directory;

    private Volumes volumes;

    @BeforeEach
    void callerStandsInItsDirectory() throws IOException {
        directory = directory.toRealPath();
        volumes = new Volumes(directory.resolve("work")::resolve, directory.resolve("volumes"));
    }

    @Test
    void aHostDirectoryIsBoundAndMadeIfMissing() {
        Path source = directory.resolve("data/deep");
        MountSpec mount = volumes.mount(source + ":/data/:ro");
        assertThat(mount).isEqualTo(MountSpec.bind(source.toString(), "/data", true));
        assertThat(source).isDirectory();
    }

    @Test
    void aPathThatBeginsWithADotIsTheCallers() {
        assertThat(volumes.mount("./src:/src").source())
                .isEqualTo(directory.resolve("work/src").toString());
    }

    @Test
    void aFileStaysAFile() throws IOException {
        Path file = Files.writeString(directory.resolve("settings"), "x");
        assertThat(volumes.mount(file + ":/etc/settings:rw,z").options()).contains("rw");
        assertThat(file).isRegularFile();
    }

    @Test
    void aNameIsAVolumeThatIsKept() {
        MountSpec mount = volumes.mount("cache:/cache");
        assertThat(mount.source()).isEqualTo(directory.resolve("volumes/cache").toString());
        assertThat(directory.resolve("volumes/cache")).isDirectory();
    }

    @Test
    void whatIsWrongIsSaid() {
        assertThatThrownBy(() -> volumes.mount("/data"))
                .hasMessage("invalid volume \"/data\": write it as SRC:DST, SRC:DST:ro");
        assertThatThrownBy(() -> volumes.mount("/a:data"))
                .hasMessage("invalid volume \"/a:data\": \"data\" must be an absolute path in the container");
        assertThatThrownBy(() -> volumes.mount("/a:/..")).hasMessageContaining("can't be '/'");
        assertThatThrownBy(() -> volumes.mount("/a:/b:rx")).hasMessageContaining("\"rx\" is none of ro, rw");
        assertThatThrownBy(() -> volumes.mount("src/x:/b")).hasMessageContaining("neither a path");
        assertThatThrownBy(() -> volumes.mount(":/b")).hasMessageContaining("SRC:DST");
    }

    @Test
    void aVolumesNameCannotClimbOutOfItsDirectory() {
        assertThatThrownBy(() -> volumes.mount(".hidden:/b")).hasMessageContaining("neither a path");
        assertThat(directory.resolve("volumes")).doesNotExist();
    }
}
