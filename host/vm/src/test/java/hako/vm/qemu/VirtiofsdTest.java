package hako.vm.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** The exact line for each kind: whoever changes it sees here what changes. */
class VirtiofsdTest {
    @Test
    void theOneOfQemuMakesNoDevicesAndHoldsABoundedNumberOfFiles() {
        assertThat(line("/usr/lib/qemu/virtiofsd"))
                .isEqualTo("/usr/lib/qemu/virtiofsd --fd=3 --rlimit-nofile=131072 -f -o source=/d,sandbox=namespace,"
                        + "modcaps=-mknod,cache=auto,xattr,announce_submounts,log_level=warn");
    }

    @Test
    void soDoesTheOneInRust() {
        assertThat(line("/usr/libexec/virtiofsd"))
                .isEqualTo("/usr/libexec/virtiofsd --fd=3 --rlimit-nofile=131072 --shared-dir=/d --sandbox=namespace"
                        + " --modcaps=-mknod --cache=auto --xattr --announce-submounts --log-level=warn");
    }

    @Test
    void noneIsToldToPassTheDaemonsOwnLimit() {
        assertThat(Virtiofsd.arguments(Path.of("/usr/libexec/virtiofsd"), Path.of("/d"), 4096))
                .contains("--rlimit-nofile=4096");
    }

    private static String line(String binary) {
        return String.join(" ", Virtiofsd.arguments(Path.of(binary), Path.of("/d"), 1 << 20));
    }
}
