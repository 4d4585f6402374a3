package hako.vm.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import hako.agent.AgentClient;
import hako.base.HakoException;
import hako.linux.Fd;
import hako.linux.MemoryFile;
import hako.vm.StrayProcesses;
import hako.vm.Vm;
import hako.vm.VmSpec;
import hako.vm.VmTemplate;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What can go wrong between a saved VM and its clones, on a real VMM: it is said, and leaves nothing. */
@Tag("vm")
@Timeout(120)
class QemuTemplateTest {
    private static final Duration BOOT = Duration.ofSeconds(30);
    private static final long MEMORY = 192 << 20;

    @TempDir
    Path directory;

    private QemuConfig config;

    @BeforeEach
    void configure() throws IOException {
        config = QemuConfig.of(GuestFiles.kernel(), GuestFiles.initramfs());
    }

    @AfterEach
    void nothingIsLeft() throws Exception {
        assertThat(StrayProcesses.kill(directory, List.of())).isEmpty();
    }

    private VmSpec spec(String id) throws IOException {
        return new VmSpec(id, Files.createDirectories(directory.resolve(id)), 1, MEMORY, List.of(), false);
    }

    private static void awaitAgent(Vm vm) {
        new AgentClient(vm.agent()).check(BOOT);
    }

    @Test
    void aStateThatEndsTooEarlyIsRefused() throws Exception {
        QemuDriver driver = new QemuDriver(config);
        Fd state = MemoryFile.create("state", 0);
        Vm saved = driver.launch(spec("saved"));
        awaitAgent(saved);
        ((QemuVm) saved).save(state);
        saved.kill();
        try (FileChannel file = FileChannel.open(state.path(), StandardOpenOption.WRITE)) {
            file.truncate(file.size() / 2);
        }

        assertRefused(driver, state);
    }

    @Test
    void aStateThatIsNoneIsRefused() throws Exception {
        assertRefused(new QemuDriver(config), MemoryFile.create("state", 1 << 20));
    }

    private void assertRefused(QemuDriver driver, Fd state) throws IOException {
        VmSpec spec = spec("clone");
        Fd memory = MemoryFile.create("memory", MEMORY);
        try (VmTemplate template = new QemuTemplate(driver, spec, driver.origin(spec), memory, state, Map.of())) {
            assertThatThrownBy(() -> template.launch(spec))
                    .isInstanceOf(HakoException.class)
                    .hasMessageContaining("VM clone has ended: QEMU exited with status 1; it said: ");
        }
    }

    /** Another version of QEMU, of the kernel or the agent: told by the file, whatever lies in memory. */
    @Test
    void aTemplateOfAnotherVersionIsStale() throws Exception {
        Path kernel = Files.copy(GuestFiles.kernel(), directory.resolve("vmlinux"));
        config = QemuConfig.of(kernel, GuestFiles.initramfs());
        try (VmTemplate template = new QemuDriver(config).save(spec("saved"), QemuTemplateTest::awaitAgent)) {
            assertThat(template.isStale()).isFalse();

            Files.delete(kernel);
            Files.copy(GuestFiles.kernel(), kernel);

            assertThat(template.isStale()).isTrue();
        }
    }

    @Test
    void aCloneThatGetsNoMemorySaysSoAndTheNextOneComes() throws Exception {
        Path poor = directory.resolve("poor");
        Path vmm = Files.writeString(directory.resolve("qemu"), """
                #!/bin/sh
                case "$*" in *-incoming*) [ ! -e %s ] || ulimit -v 300000 ;; esac
                exec qemu-system-x86_64 "$@"
                """.formatted(poor));
        assertThat(vmm.toFile().setExecutable(true)).isTrue();
        QemuDriver driver = new QemuDriver(config.withBinary(vmm));
        try (VmTemplate template = driver.save(spec("saved"), QemuTemplateTest::awaitAgent)) {
            Files.createFile(poor);
            assertThatThrownBy(() -> template.launch(spec("clone")))
                    .isInstanceOf(HakoException.class)
                    .hasMessageContaining("QEMU exited with status ");
            assertThat(StrayProcesses.kill(directory, List.of())).isEmpty();

            Files.delete(poor);
            Vm clone = template.launch(spec("next"));
            awaitAgent(clone);
            clone.kill();
        }
    }
}
