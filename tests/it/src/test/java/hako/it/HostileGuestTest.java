package hako.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A guest that means harm, and one that cannot start: the run fails with the reason, and everything else goes on. */
@VmTest
class HostileGuestTest {
    @RegisterExtension
    final OwnNodes nodes = new OwnNodes();

    private final Path folder = Temporary.folder("hostile");

    @AfterEach
    void remove() {
        Temporary.delete(folder);
    }

    @ParameterizedTest
    @EnumSource(names = {"GARBAGE", "HUGE", "UNASKED", "LIAR"})
    void aGuestThatFloodsItsChannelHarmsOnlyItself(HostileGuest guest) {
        // Given an honest container, and a daemon whose next guests are hostile
        HakoNode node = nodes.ready();
        node.detached("honest", "sleep", "1000");
        node.killDaemon();
        node.configure("vm.initramfs = \"%s\"".formatted(guest.initramfs(folder)));

        // When
        Result run = node.busybox("true");

        // Then
        assertThat(run.exits(125).err()).isNotBlank().doesNotContain("Exception");
        assertThat(run.took()).isLessThan(Duration.ofSeconds(10));
        assertThat(Processes.pss(node.daemon())).isLessThan(200 << 20);
        assertThat(node.run("exec", "honest", "echo", "unharmed").ok().out()).isEqualTo("unharmed\n");
        assertThat(node.sandboxVmms()).hasSize(1);
        node.run("rm", "-f", "honest").ok();
    }

    @Test
    void aGuestThatPanicsIsReportedWithTheEndOfItsConsole() {
        HakoNode node = nodes.ready();
        Duration success = node.busybox("true").ok().took();
        node.awaitNoTraces();
        node.killDaemon();
        node.configure("vm.initramfs = \"%s\"".formatted(HostileGuest.QUIT.initramfs(folder)));
        node.run("version").ok();

        Result run = node.busybox("true").exits(125);

        assertThat(run.err()).contains("Kernel panic").contains("these are my last words");
        assertThat(run.took()).isLessThan(success.plusSeconds(1));
        node.awaitNoTraces();
    }

    @Test
    void aGuestThatSaysNothingIsGivenUpAndCanBeInterrupted() {
        HakoNode node = nodes.ready();
        node.killDaemon();
        node.configure("vm.initramfs = \"%s\"".formatted(HostileGuest.SILENT.initramfs(folder)));
        node.run("version").ok();

        try (Running run = node.hako("run", "--rm", HakoNode.IMAGE, "true").start()) {
            Await.until("the VMM", Duration.ofSeconds(10), () -> !node.vmms().isEmpty());
            run.signal("INT");

            assertThat(run.await().exitCode()).isEqualTo(130);
        }
        node.awaitNoTraces();
    }

    @Test
    void aMissingKernelIsNamed() {
        HakoNode node = nodes.ready("vm.kernel = \"/no/such/kernel\"");

        Result run = node.busybox("true").exits(125);

        assertThat(run.err()).contains("/no/such/kernel");
        assertThat(run.took()).isLessThan(RefusalTest.WELL_UNDER_A_SECOND);
    }

    @Test
    void aFileThatIsNoKernelIsReported() {
        Path text = Temporary.write(folder.resolve("no-kernel"), "text");
        HakoNode node = nodes.ready("vm.kernel = \"" + text + "\"");

        Result run = node.busybox("true").exits(125);

        assertThat(run.err()).isNotBlank().doesNotContain("Exception");
        assertThat(run.took()).isLessThan(Duration.ofSeconds(3));
        node.awaitNoTraces();
    }

    @Test
    void aMissingQemuIsNamed() {
        HakoNode node = nodes.ready("vm.qemu = \"/no/such/qemu\"");

        Result run = node.busybox("true").exits(125);

        assertThat(run.err()).contains("/no/such/qemu");
        node.awaitNoTraces();
    }

    @Test
    void aProgramThatIsNoQemuIsReported() {
        HakoNode node = nodes.ready("vm.qemu = \"/bin/false\"");

        Result run = node.busybox("true").exits(125);

        assertThat(run.err()).isNotBlank().doesNotContain("Exception");
        assertThat(run.took()).isLessThan(Duration.ofSeconds(3));
        node.awaitNoTraces();
    }

    @Test
    void aConfigurationThatIsWrongIsReportedByTheFirstCommand() {
        HakoNode node = nodes.make("vm.memroy = \"1G\"");

        Result run = node.run("version");

        assertThat(run.exitCode()).isEqualTo(125);
        assertThat(run.err()).contains("vm.memroy");
    }
}
