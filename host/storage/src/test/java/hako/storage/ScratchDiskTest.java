package hako.storage;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ScratchDiskTest {
    @TempDir
    private Path directory;

    private static void run(String... command) throws Exception {
        Process process = new ProcessBuilder(command).inheritIO().start();
        assertThat(process.waitFor()).as(String.join(" ", command)).isZero();
    }

    private static long allocated(Path file) throws Exception {
        Process stat = new ProcessBuilder("stat", "-c", "%b", file.toString()).start();
        return 512 * Long.parseLong(new String(stat.getInputStream().readAllBytes(), US_ASCII).strip());
    }

    @Test
    void aDiskIsAnEmptyFileSystemOfTheFullSizeThatTakesNoSpace() throws Exception {
        ScratchDisk disks = new ScratchDisk(directory.resolve("templates"), ScratchDisk.DEFAULT_BYTES);
        Path disk = directory.resolve("a.ext4");

        disks.create(disk);

        assertThat(Files.size(disk)).isEqualTo(ScratchDisk.DEFAULT_BYTES);
        assertThat(allocated(disk)).isLessThan(1 << 20);
        run("e2fsck", "-fn", disk.toString());
    }

    @Test
    void eachDiskIsItsOwn() throws Exception {
        ScratchDisk disks = new ScratchDisk(directory, 64 << 20);
        Path one = directory.resolve("1");
        Path two = directory.resolve("2");
        disks.create(one);
        Path file = Files.writeString(directory.resolve("f"), "hello");
        run("debugfs", "-w", "-R", "write " + file + " f", one.toString());

        disks.create(two);

        run("e2fsck", "-fn", two.toString());
        assertThat(Files.mismatch(one, two)).isNotNegative();
    }

    @Test
    void anExistingFileIsNotOverwritten() throws Exception {
        ScratchDisk disks = new ScratchDisk(directory, 64 << 20);
        Path disk = Files.writeString(directory.resolve("mine"), "mine");

        assertThatThrownBy(() -> disks.create(disk)).hasMessageContaining("EEXIST");

        assertThat(disk).hasContent("mine");
    }

    @Test
    void aSizeBeyondReasonIsRefused() {
        assertThatThrownBy(() -> new ScratchDisk(directory, 1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new ScratchDisk(directory, Long.MAX_VALUE))
                .isInstanceOf(IllegalArgumentException.class);
    }
}
