package hako.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import hako.base.HakoException;
import hako.sandbox.SandboxConfig.Writable;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class ConfigTest {
    @Test
    void anEmptyFileMeansTheDefaults() {
        Config config = parse("");
        assertThat(config.vm().machine()).isEqualTo("q35");
        assertThat(config.vm().memoryBytes()).isEqualTo(512L << 20);
        assertThat(config.rootfs().writable()).isEqualTo(Writable.DISK);
        assertThat(config.socket()).isEqualTo(Path.of("/r/hakod.sock"));
    }

    @Test
    void everyKindOfValueIsRead() {
        Config config = parse("""
                [vm]
                machine = "microvm"
                vcpus = 2
                memory = "1G"
                [network]
                dns = ["10.0.0.1"]
                """);
        assertThat(config.vm().machine()).isEqualTo("microvm");
        assertThat(config.vm().vcpus()).isEqualTo(2);
        assertThat(config.vm().memoryBytes()).isEqualTo(1L << 30);
        assertThat(config.network().dns()).containsExactly("10.0.0.1");
    }

    @Test
    void aMisspelledKeyIsAnError() {
        refused("[vm]\nmemmory = \"1G\"", "no such key: vm.memmory");
    }

    @Test
    void aValueOutOfItsRangeIsAnErrorThatNamesTheRange() {
        refused("[vm]\nvcpus = 0", "vm.vcpus = 0: 1 to 64");
        refused("[vm]\nmachine = \"z9\"", "one of q35, pc, microvm");
        refused("[vm]\nmemory = \"lots\"", "vm.memory = \"lots\"");
    }

    @Test
    void whatIsNoTomlIsAnError() {
        refused("[vm", "/etc/hako.toml");
    }

    private static void refused(String text, String fact) {
        assertThatThrownBy(() -> parse(text)).isInstanceOf(HakoException.class).hasMessageContaining(fact);
    }

    private static Config parse(String text) {
        return Config.parse(text, Path.of("/etc/hako.toml"), Path.of("/h"), Path.of("/r"), Path.of("/s"));
    }
}
