package hako.vm;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AcceleratorTest {
    @TempDir
    Path root;

    @BeforeEach
    void folders() throws IOException {
        Files.createDirectories(root.resolve("dev"));
        Files.createDirectories(root.resolve("proc"));
    }

    @Test
    void kvmIsTakenWhereTheProcessorShowsItCanVirtualise() throws IOException {
        Files.createFile(root.resolve("dev/kvm"));
        cpu("fpu vmx constant_tsc");

        assertThat(find()).isEqualTo(new Accelerator.Kvm("/dev/kvm opens and the processor shows vmx"));
    }

    @Test
    void aKvmThatOpensIsNoProof() throws IOException {
        Files.createFile(root.resolve("dev/kvm"));
        cpu("fpu hypervisor constant_tsc");

        assertThat(find().reason()).startsWith("/dev/kvm opens, but the processor shows neither vmx nor svm");
    }

    @Test
    void withoutKvmTheReasonSaysSo() throws IOException {
        cpu("fpu svm");

        assertThat(find().reason()).isEqualTo("there is no /dev/kvm");
    }

    @Test
    void theTscsRateIsKnownWhereTheFrequencyIsFixed() throws IOException {
        cpu("fpu hypervisor constant_tsc");

        assertThat(find())
                .isInstanceOfSatisfying(
                        Accelerator.Emulation.class, e -> assertThat(e.tscKhz()).isEqualTo(2_299_998));
    }

    @Test
    void theTscsRateIsUnknownWhereTheFrequencyIsMeasuredOrScaled() throws IOException {
        cpu("fpu constant_tsc aperfmperf");
        assertThat(find())
                .isInstanceOfSatisfying(
                        Accelerator.Emulation.class, e -> assertThat(e.tscKhz()).isZero());

        cpu("fpu constant_tsc");
        Files.createDirectories(root.resolve("sys/devices/system/cpu/cpu0/cpufreq"));
        assertThat(find())
                .isInstanceOfSatisfying(
                        Accelerator.Emulation.class, e -> assertThat(e.tscKhz()).isZero());
    }

    private Accelerator find() {
        return Accelerator.find(Accelerator.Choice.AUTO, root);
    }

    private void cpu(String flags) throws IOException {
        Files.writeString(root.resolve("proc/cpuinfo"), """
                processor	: 0
                model name	: Some CPU
                cpu MHz		: 2299.998
                flags		: %s
                bugs		:

                """.formatted(flags));
    }
}
