package hako.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class IoUringTest {
    /** Documentation/admin-guide/sysctl/kernel.rst, io_uring_disabled: since 6.6, 2 is for nobody. */
    @Test
    void isThereWhereTheKernelSaysSo() throws IOException {
        Path switched = Path.of("/proc/sys/kernel/io_uring_disabled");
        boolean expected = Files.exists(switched)
                ? !Files.readString(switched).strip().equals("2")
                : Files.readString(Path.of("/proc/kallsyms")).contains("__x64_sys_io_uring_setup");

        assertThat(IoUring.isAvailable()).isEqualTo(expected);
    }
}
