package hako.vm.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AsyncIoTest {
    @TempDir
    Path directory;

    @Test
    void aQemuThatNamesTheLibraryHasIt() throws Exception {
        String before = "x".repeat((64 << 10) - 5);
        assertThat(AsyncIo.contains(Files.writeString(directory.resolve("with"), before + "liburing.so.2\0")))
                .as("across the border of what is read at a time")
                .isTrue();
        assertThat(AsyncIo.contains(Files.writeString(directory.resolve("without"), before + "libaio.so.1\0")))
                .isFalse();
        assertThat(AsyncIo.contains(directory.resolve("missing"))).isFalse();
    }
}
