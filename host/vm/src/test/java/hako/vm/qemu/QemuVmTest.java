package hako.vm.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.protobuf.ByteString;
import hako.agent.AgentClient;
import hako.agent.v1.AwaitEventRequest;
import hako.agent.v1.CheckResponse;
import hako.agent.v1.ConfigureLinkRequest;
import hako.agent.v1.ContainerRequest;
import hako.agent.v1.CreateContainerRequest;
import hako.agent.v1.CreateContainerResponse;
import hako.agent.v1.OnlineCpusRequest;
import hako.agent.v1.ProcessRequest;
import hako.agent.v1.Rootfs;
import hako.agent.v1.StartContainerRequest;
import hako.agent.v1.Storage;
import hako.base.HakoException;
import hako.linux.Tap;
import hako.linux.UnixSocket;
import hako.ttrpc.TtrpcCall;
import hako.vm.Device;
import hako.vm.StrayProcesses;
import hako.vm.Vm;
import hako.vm.VmExit;
import hako.vm.VmExit.Cause;
import hako.vm.VmRecord;
import hako.vm.VmSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Real VMs with the real agent. Needs QEMU, the kernel and the initramfs that {@code ./dev guest} builds. */
@Tag("vm")
@Timeout(120)
class QemuVmTest {
    private static final Duration BOOT = Duration.ofSeconds(30);
    private static final Duration SOON = Duration.ofSeconds(10);
    private static final long MB = 1 << 20;

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
            assertThat(vm.record().helpers())
                    .allSatisfy(h ->
                            assertThat(HostProcess.find(h.pid(), h.startTime())).isEmpty());
        }
        long end = System.nanoTime() + SOON.toNanos();
        while (!StrayProcesses.find(directory).isEmpty() && System.nanoTime() < end) {
            Thread.onSpinWait(); // virtiofsd in C has a child, which ends a moment after it
        }
        assertThat(StrayProcesses.kill(directory, List.of())).isEmpty();
        try (Stream<Path> files = Files.walk(directory)) {
            assertThat(files).noneMatch(f -> f.toString().endsWith(".sock"));
        }
    }

    private Vm launch() {
        return launch(1);
    }

    private Vm launch(int vcpus) {
        vm = new QemuDriver(config).launch(new VmSpec("it", directory, vcpus, 192 * MB, List.of(), true));
        return vm;
    }

    private AgentClient agent() {
        return new AgentClient(vm.agent());
    }

    @ParameterizedTest
    @EnumSource
    void aVmBootsAndItsAgentAnswers(MachineType machine) {
        config = config.withMachine(machine);

        launch();

        CheckResponse check = agent().check(BOOT);
        assertThat(check.getCpusOnline()).isEqualTo(1);
        assertThat(check.getMemoryTotalBytes()).isBetween(100 * MB, 192 * MB);
        assertThat(vm.residentBytes()).isBetween(50 * MB, 250 * MB);
    }

    @Test
    void aRunDirectoryMayBeLongerThanASocketsName() throws Exception {
        directory = Files.createDirectory(directory.resolve("x".repeat(120)));
        launch();
        vm.plug(new Device.SharedDirectory("data", Files.createDirectory(directory.resolve("shared"))));

        agent().check(BOOT);
        VmRecord record = vm.record();
        ((QemuVm) vm).abandon();
        vm = new QemuDriver(config).adopt(record).orElseThrow();
        agent().check(SOON);
    }

    @Test
    void furtherCpusComeOnlineWhenTheAgentIsAsked() {
        launch(3);

        assertThat(agent().check(BOOT).getCpusOnline()).isEqualTo(1);
        long start = System.nanoTime();
        assertThat(agent().onlineCpus(OnlineCpusRequest.newBuilder().setCount(3).build(), SOON)
                        .getOnline())
                .isEqualTo(3);
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(2));
    }

    @ParameterizedTest
    @EnumSource(names = {"Q35", "PC"})
    void whatIsPluggedAtOnceIsThereWhenTheGuestIsUp(MachineType machine) throws Exception {
        config = config.withMachine(machine);
        Path image = GuestFiles.erofs(directory);
        Path shared = Files.createDirectory(directory.resolve("shared"));
        Files.createDirectory(shared.resolve("bin"));
        launch();

        vm.plug(new Device.Disk("rootfs", image, true));
        vm.plug(new Device.SharedDirectory("data", shared));

        CreateContainerResponse created = agent().createContainer(
                        container()
                                .addStorages(disk("rootfs"))
                                .addStorages(directory("data"))
                                .build(),
                        BOOT);
        assertThat(created.getFailure().getMessage()).isEmpty();
    }

    @ParameterizedTest
    @EnumSource(names = {"Q35", "PC"})
    void devicesComeAndGoWhileTheGuestRuns(MachineType machine) throws Exception {
        config = config.withMachine(machine).withSlots(1);
        Path image = GuestFiles.erofs(directory);
        launch();
        agent().check(BOOT);

        for (int i = 0; i < 3; i++) {
            vm.plug(new Device.Disk("disk-" + i, image, true));
            CreateContainerResponse created = agent().createContainer(
                            container()
                                    .setContainerId("c" + i)
                                    .addStorages(disk("disk-" + i))
                                    .build(),
                            SOON);
            assertThat(created.getFailure().getMessage()).isEmpty();
            agent().deleteContainer(
                            ContainerRequest.newBuilder()
                                    .setContainerId("c" + i)
                                    .build(),
                            SOON);
            vm.unplug("disk-" + i);
        }
    }

    @Test
    void aDiskThatTheGuestLetsGoOfLateCanBePluggedAgain() throws Exception {
        Device disk = new Device.Disk("disk", GuestFiles.erofs(directory), true);
        launch();
        vm.plug(disk);
        agent().check(BOOT);
        vm.pause();
        assertThatThrownBy(() -> vm.unplug("disk")).hasMessageContaining("the guest has not let go of it");

        vm.resume();

        long end = System.nanoTime() + SOON.toNanos();
        for (boolean there = true; there; there = !isPlugged(disk)) {
            assertThat(System.nanoTime()).as("it goes").isLessThan(end);
            Thread.sleep(20);
        }
    }

    private boolean isPlugged(Device device) {
        try {
            vm.plug(device);
            return true;
        } catch (HakoException e) {
            assertThat(e.code()).isEqualTo(HakoException.Code.ALREADY_EXISTS);
            return false;
        }
    }

    @Test
    void aNicIsFoundByItsAddress() throws Exception {
        Tap.create("hakoit0", 0);
        try {
            launch();
            vm.plug(new Device.Nic("eth0", "hakoit0", "02:00:00:00:77:01"));
            agent().configureLink(
                            ConfigureLinkRequest.newBuilder()
                                    .setMac("02:00:00:00:77:01")
                                    .setName("eth0")
                                    .addAddresses("10.99.0.2/24")
                                    .build(),
                            BOOT);
            vm.unplug("eth0");
        } finally {
            vm.kill();
            Tap.delete("hakoit0");
        }
    }

    @Test
    void aGuestMakesNoDevicesInASharedDirectory() throws Exception {
        Path shared = Files.createDirectory(directory.resolve("shared"));
        for (String folder : new String[] {"dev", "proc"}) {
            Files.createDirectory(shared.resolve(folder));
        }
        Files.copy(Path.of("/usr/bin/busybox"), shared.resolve("busybox"), StandardCopyOption.COPY_ATTRIBUTES);
        launch();
        vm.plug(new Device.SharedDirectory("data", shared));
        String script = "/busybox mknod /device b 8 0; /busybox mknod /fifo p; /busybox touch /end";
        agent().createContainer(
                        CreateContainerRequest.newBuilder()
                                .setContainerId("c")
                                .setSpecJson(ByteString.copyFromUtf8("""
                                        {"ociVersion": "1.0.2", "root": {"path": "rootfs"},
                                         "process": {"args": ["/busybox", "sh", "-c", "%s"], "cwd": "/",
                                         "user": {"uid": 0, "gid": 0}, "capabilities": {"bounding": ["CAP_MKNOD"],
                                         "effective": ["CAP_MKNOD"], "permitted": ["CAP_MKNOD"]}}}""".formatted(script)))
                                .setRootfs(Rootfs.newBuilder().addLower("/run/hako/storage/data"))
                                .addStorages(directory("data"))
                                .build(),
                        BOOT);
        agent().startContainer(
                        StartContainerRequest.newBuilder().setContainerId("c").build(), SOON);
        agent().waitProcess(ProcessRequest.newBuilder().setContainerId("c").build(), SOON);

        assertThat(shared.resolve("end")).as("it got that far").exists();
        assertThat(shared.resolve("fifo")).exists();
        assertThat(shared.resolve("device")).doesNotExist();
    }

    @Test
    void requestsMayBeSentBeforeTheGuestIsUp() {
        launch();

        TtrpcCall<CheckResponse> early = agent().startCheck();

        assertThat(early.isDone()).isFalse();
        assertThat(early.await(BOOT).getAgentVersion()).isNotEmpty();
    }

    @Test
    void aGuestThatPanicsSaysWhyAtOnce() throws Exception {
        config = config.withKernelArguments(List.of("rdinit=/nothing"));
        launch();

        HakoException e = catchThrowableOfType(HakoException.class, () -> agent().check(BOOT));

        assertThat(e.code()).isEqualTo(HakoException.Code.VM_FAILED);
        assertThat(e)
                .hasMessageContaining("VM it has ended: the guest's kernel panicked")
                .hasMessageContaining("its console ends:");
        assertThat(vm.exited().get(1, TimeUnit.SECONDS).cause()).isEqualTo(Cause.GUEST_PANIC);
        assertThat(vm.console(100_000)).contains("Kernel panic");
    }

    @Test
    void aKernelThatIsNoneIsSaidByQemu() throws Exception {
        config = QemuConfig.of(Files.writeString(directory.resolve("vmlinux"), "nonsense"), GuestFiles.initramfs());
        launch();

        assertThatThrownBy(() -> agent().check(SOON))
                .hasMessageContaining("VM it has ended: QEMU exited with status 1; it said: ")
                .hasMessageContaining("kernel");
    }

    @Test
    void missingPartsAreNamedWithTheMend() {
        config = config.withBinary(Path.of("/nowhere/qemu"));
        assertThatThrownBy(this::launch).hasMessageContaining("/nowhere/qemu").hasMessageContaining("install");

        config = QemuConfig.of(Path.of("/nowhere/vmlinux"), GuestFiles.initramfs());
        assertThatThrownBy(this::launch)
                .hasMessage("start VM it: no guest kernel at /nowhere/vmlinux; ./dev guest kernel builds one");
    }

    @Test
    void aKilledVmmIsAFailureWithAReasonWhichIsNotTheEndOfWhatServedIt() throws Exception {
        launch();
        vm.plug(new Device.SharedDirectory("data", Files.createDirectory(directory.resolve("shared"))));
        agent().check(BOOT);
        TtrpcCall<?> waiting = agent().startAwaitEvent(AwaitEventRequest.getDefaultInstance());

        ProcessHandle.of(vm.record().pid()).orElseThrow().destroyForcibly();

        assertThatThrownBy(waiting::await).hasMessage("VM it has ended: QEMU was killed by signal 9");
        assertThat(vm.exited().get(1, TimeUnit.SECONDS))
                .isEqualTo(new VmExit(Cause.VMM_DIED, "QEMU was killed by signal 9"));
        assertThatThrownBy(() -> vm.plug(new Device.Disk("late", Path.of("/dev/null"), true)))
                .hasMessageContaining("VM it has ended");
    }

    @Test
    void aKilledVirtiofsdEndsItsVmWithThatReason() throws Exception {
        launch();
        vm.plug(new Device.SharedDirectory("data", Files.createDirectory(directory.resolve("shared"))));
        agent().check(BOOT);
        long pid = vm.record().helpers().getFirst().pid();

        ProcessHandle.of(pid).orElseThrow().destroyForcibly();

        VmExit exit = vm.exited().get(5, TimeUnit.SECONDS);
        assertThat(exit.cause()).isEqualTo(Cause.VMM_DIED);
        assertThat(exit.reason())
                .startsWith("the process that served shared directory data (virtiofsd, pid %d) ended".formatted(pid));
        assertThatThrownBy(() -> agent().check(SOON)).hasMessageContaining(exit.reason());
    }

    @Test
    void aGuestThatIsEndedForWhatItDoesNotDoIsToldSo() throws Exception {
        launch();
        TtrpcCall<?> waiting = agent().startAwaitEvent(AwaitEventRequest.getDefaultInstance());

        vm.end("its guest does not let go");

        assertThatThrownBy(waiting::await).hasMessage("VM it has ended: its guest does not let go");
        assertThat(vm.exited().get().cause()).isEqualTo(Cause.GUEST_REFUSED);
    }

    @Test
    void killIsAskedForAndIdempotent() throws Exception {
        launch();

        vm.kill();
        vm.kill();

        assertThat(vm.exited().get().cause()).isEqualTo(Cause.ASKED);
    }

    @Test
    void aVmOutlivesItsDaemonAndIsAdopted() throws Exception {
        Path shared = Files.createDirectory(directory.resolve("shared"));
        launch();
        vm.plug(new Device.SharedDirectory("data", shared));
        agent().check(BOOT);
        VmRecord record = vm.record();
        ((QemuVm) vm).abandon();

        vm = new QemuDriver(config).adopt(record).orElseThrow();

        assertThat(agent().check(SOON).getAgentVersion()).isNotEmpty();
        assertThat(vm.record()).isEqualTo(record);
        assertThat(StrayProcesses.kill(directory, List.of(record))).isEmpty();
        vm.unplug("data");
        assertThat(vm.record().helpers()).isEmpty();
        ProcessHandle.of(record.pid()).orElseThrow().destroyForcibly();
        assertThat(vm.exited().get(2, TimeUnit.SECONDS).cause()).isEqualTo(Cause.VMM_DIED);
    }

    @Test
    void aDiskThatWentWhileNoDaemonLookedIsGivenBackByTheNext() throws Exception {
        Device disk = new Device.Disk("disk", GuestFiles.erofs(directory), true);
        launch();
        vm.plug(disk);
        agent().check(BOOT);
        VmRecord record = vm.record();
        ((QemuVm) vm).abandon();
        CountDownLatch gone = new CountDownLatch(1);
        QmpConnection qmp = QmpConnection.over(
                UnixSocket.connect(RunFiles.of(record).qmpSocket()),
                "qmp",
                event -> {
                    if (event.text("device").equals("dev-disk")) {
                        gone.countDown();
                    }
                },
                reason -> reason);
        qmp.execute("device_del", Map.of("id", "dev-disk"), SOON);
        assertThat(gone.await(SOON.toSeconds(), TimeUnit.SECONDS)).isTrue();
        qmp.close();

        vm = new QemuDriver(config).adopt(record).orElseThrow();

        assertThatThrownBy(() -> vm.unplug("disk")).hasMessageContaining("no such device");
        vm.plug(disk);
    }

    @Test
    void aVmThatEndedMeanwhileIsNotAdopted() {
        launch();
        VmRecord record = vm.record();
        vm.kill();

        assertThat(new QemuDriver(config).adopt(record)).isEmpty();
    }

    @Test
    void processesNobodyOwnsAreEnded() throws Exception {
        launch();
        vm.plug(new Device.SharedDirectory("data", Files.createDirectory(directory.resolve("shared"))));

        assertThat(StrayProcesses.kill(directory, List.of())).hasSizeGreaterThanOrEqualTo(2);

        vm.exited().get(2, TimeUnit.SECONDS);
    }

    @Test
    void aConsoleThatIsFloodedStaysBounded() {
        config = config.withKernelArguments(List.of("loglevel=8", "initcall_debug"));
        launch();
        agent().check(BOOT);

        assertThat(vm.console(1000)).hasSizeBetween(900, 1000);
        assertThat(vm.console(1 << 30).length()).isBetween(60_000, 70_000);
    }

    @Test
    void pauseStopsTheGuest() {
        launch();
        agent().check(BOOT);

        vm.pause();
        assertThatThrownBy(() -> agent().check(Duration.ofMillis(300))).hasMessageContaining("no answer within");
        vm.resume();

        agent().check(SOON);
    }

    private static CreateContainerRequest.Builder container() {
        return CreateContainerRequest.newBuilder()
                .setContainerId("c")
                .setSpecJson(ByteString.copyFromUtf8("""
                        {"ociVersion": "1.0.2", "root": {"path": "rootfs"},
                         "mounts": [{"destination": "/dev", "type": "tmpfs", "source": "tmpfs"}],
                         "process": {"args": ["/bin/true"], "cwd": "/", "user": {"uid": 0, "gid": 0}}}"""))
                .setRootfs(Rootfs.newBuilder().addLower("/run/hako/storage/root"));
    }

    private static Storage disk(String serial) {
        return Storage.newBuilder()
                .setDiskSerial(serial)
                .setFstype("erofs")
                .addOptions("ro")
                .setTarget("/run/hako/storage/root")
                .build();
    }

    private static Storage directory(String tag) {
        return Storage.newBuilder()
                .setVirtiofsTag(tag)
                .setTarget("/run/hako/storage/" + tag)
                .build();
    }
}
