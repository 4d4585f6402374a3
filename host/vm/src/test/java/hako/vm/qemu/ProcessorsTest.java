package hako.vm.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import hako.agent.AgentClient;
import hako.agent.v1.OnlineCpusRequest;
import hako.vm.StrayProcesses;
import hako.vm.Vm;
import hako.vm.VmSpec;
import hako.vm.VmTemplate;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Processors come online and go while a real guest runs. */
@Tag("vm")
@Timeout(120)
class ProcessorsTest {
    private static final Duration BOOT = Duration.ofSeconds(30);
    private static final Duration SOON = Duration.ofSeconds(10);

    @TempDir
    Path directory;

    private QemuConfig config;
    private Vm vm;

    @BeforeEach
    void configure() throws IOException {
        config = QemuConfig.of(GuestFiles.kernel(), GuestFiles.initramfs());
    }

    @AfterEach
    void nothingIsLeft() throws Exception {
        if (vm != null) {
            vm.kill();
        }
        assertThat(StrayProcesses.kill(directory, List.of())).isEmpty();
    }

    private VmSpec spec(String id) throws IOException {
        return new VmSpec(id, Files.createDirectories(directory.resolve(id)), 4, 192 << 20, List.of(), false);
    }

    private static void awaitAgent(Vm vm) {
        new AgentClient(vm.agent()).check(BOOT);
    }

    /** How many are online when so many are wanted. */
    private int online(int wanted) {
        return new AgentClient(vm.agent())
                .onlineCpus(OnlineCpusRequest.newBuilder().setCount(wanted).build(), SOON)
                .getOnline();
    }

    @ParameterizedTest
    @EnumSource
    void aRunningGuestGetsProcessorsLetsGoOfThemAndHasThemAgain(MachineType machine) throws Exception {
        config = config.withMachine(machine);
        vm = new QemuDriver(config).launch(spec("it"));
        awaitAgent(vm);

        assertThat(online(1)).isEqualTo(1);
        assertThat(online(3)).isEqualTo(3);
        assertThat(online(1)).isEqualTo(1);
        assertThat(online(4)).isEqualTo(4);
        assertThat(online(5)).as("what there is").isEqualTo(4);
        assertThat(online(0)).as("the first stays").isEqualTo(1);
    }

    @Test
    void aCloneHasThemAsItsTemplateAndForItself() throws Exception {
        try (VmTemplate template = new QemuDriver(config).save(spec("template"), ProcessorsTest::awaitAgent)) {
            vm = template.launch(spec("it"));
            assertThat(online(2)).isEqualTo(2);
            vm.kill();

            vm = template.launch(spec("other"));
            assertThat(new AgentClient(vm.agent()).check(SOON).getCpusOnline()).isEqualTo(1);
        }
    }

    /** As an unchanged kernel does: the second processor's ticks come from the first. */
    @Test
    void withoutATimerOfTheirOwnTheyWorkToo() throws Exception {
        config = config.withKernelArguments(List.of("nolapic_timer"));
        vm = new QemuDriver(config).launch(spec("it"));
        awaitAgent(vm);

        assertThat(online(3)).isEqualTo(3);
        assertThat(online(1)).isEqualTo(1);
    }
}
