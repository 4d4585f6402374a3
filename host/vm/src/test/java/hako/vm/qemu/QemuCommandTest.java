package hako.vm.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import hako.linux.IoUring;
import hako.vm.Accelerator;
import hako.vm.Device;
import hako.vm.VmSpec;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The exact line for each machine: whoever changes it sees here what changes. */
class QemuCommandTest {
    private static final Accelerator EMULATION = new Accelerator.Emulation("as the test wants it", 2_300_000);
    private static final String SANDBOX =
            " -sandbox on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny";
    private static final String CHANNELS =
            " -chardev socket,id=qmp,fd=3,server=on,wait=off -mon chardev=qmp,mode=control"
                    + " -chardev ringbuf,id=console,size=65536 -serial chardev:console"
                    + " -chardev socket,id=agent,fd=4,server=on,wait=off";

    @TempDir
    Path firmware;

    @Test
    void devicesThatAreThereFromTheStartTakeNoSlot() {
        assertThat(deviceLine(QemuCommand.Start.BOOT))
                .contains(" -blockdev {\"driver\":\"raw\",\"node-name\":\"host-root\",\"read-only\":true,"
                        + "\"discard\":\"unmap\",\"file\":{")
                .satisfies(line ->
                        assertThat(line.contains("\"aio\":\"io_uring\"")).isEqualTo(IoUring.isAvailable()))
                .contains(" -device {\"driver\":\"virtio-blk-pci\",\"id\":\"dev-root\",\"drive\":\"host-root\","
                        + "\"serial\":\"root\",\"num-queues\":1}")
                .containsPattern(" -netdev tap,id=host-eth0,fd=6,vhost=(on|off) ")
                .contains("\"netdev\":\"host-eth0\",\"mac\":\"02:00:00:00:00:07\",\"ctrl_vq\":false,")
                .contains("\"guest_announce\":false,\"romfile\":\"\"}");
    }

    @Test
    void aTemplateHasDisksWithoutContentAndACardWithoutOwner() {
        assertThat(deviceLine(QemuCommand.Start.TEMPLATE))
                .contains(" -blockdev {\"driver\":\"null-co\",\"node-name\":\"host-root\",\"read-only\":true,")
                .contains("\"mac\":\"02:00:00:00:00:00\"")
                .doesNotContain("/image,with,commas", "-incoming");
    }

    private String deviceLine(QemuCommand.Start start) {
        QemuConfig config = QemuConfig.of(Path.of("k"), Path.of("i"));
        VmSpec spec = new VmSpec(
                "7f3a",
                Path.of("/run/hako"),
                1,
                256 << 20,
                List.of(
                        new Device.Disk("root", Path.of("/image,with,commas"), true),
                        new Device.Nic("eth0", "hk7f3a", "02:00:00:00:00:07")),
                false);
        return String.join(
                " ", new QemuCommand(config, EMULATION, spec, new GuestMemory.Fresh(), start, 3, 4, 6).arguments());
    }

    @Test
    void aCloneHasItsMemoryInAFileAndBeginsWithASavedState() {
        String line = line(
                MachineType.Q35, EMULATION, 1, 256 << 20, new GuestMemory.OpenFile(5, true), QemuCommand.Start.CLONE);
        assertThat(line)
                .contains(" -object memory-backend-file,size=256M,mem-path=/proc/self/fd/5,share=on,id=mem ")
                .contains(" -incoming defer ")
                .as("its kernel is in that memory")
                .doesNotContain("-kernel", "-initrd");
    }

    @Test
    void q35HasRootPortsToPlugInto() {
        assertThat(line(MachineType.Q35, EMULATION, 1, 256 << 20))
                .isEqualTo("qemu-system-x86_64 -name hako-7f3a -nodefaults -no-user-config -nographic"
                        + " -no-reboot -no-shutdown" + SANDBOX
                        + " -machine q35,sata=off,smbus=off,i8042=off,vmport=off,usb=off,hpet=on,memory-backend=mem"
                        + " -accel tcg,thread=multi,tb-size=48 -cpu max -smp cpus=1,sockets=1 -m 256M,maxmem=131328M"
                        + " -object memory-backend-memfd,size=256M,share=on,id=mem"
                        + " -kernel /k/vmlinux -initrd /k/initramfs -append console=ttyS0 quiet panic=-1 reboot=t oops=panic"
                        + " swiotlb=noforce ipv6.disable_ipv6=1 memhp_default_state=online memory_hotplug.online_policy=auto-movable noreplace-smp no_timer_check nolapic_timer lapic_timer_hz=1000000000 tsc=reliable tsc_early_khz=2300000"
                        + " lpj=23000000 cpu_init_udelay=0"
                        + CHANNELS
                        + " -device virtio-serial-pci,id=serial,max_ports=2"
                        + " -device virtserialport,bus=serial.0,nr=1,chardev=agent,name=hako.agent"
                        + " -device virtio-rng-pci -device virtio-balloon-pci,id=balloon,free-page-reporting=on"
                        + " -device pcie-root-port,id=slot0,bus=pcie.0,chassis=1,slot=1"
                        + " -device pcie-root-port,id=slot1,bus=pcie.0,chassis=2,slot=2");
    }

    @Test
    void pcPlugsIntoItsBus() {
        assertThat(line(MachineType.PC, EMULATION, 1, 256 << 20))
                .contains(" -machine pc,i8042=off,vmport=off,usb=off,hpet=on,memory-backend=mem ")
                .endsWith(" -device virtio-rng-pci -device virtio-balloon-pci,id=balloon,free-page-reporting=on");
    }

    @Test
    void microvmHasNoPci() {
        assertThat(line(MachineType.MICROVM, EMULATION, 1, 256 << 20))
                .isEqualTo("qemu-system-x86_64 -name hako-7f3a -nodefaults -no-user-config -nographic"
                        + " -no-reboot -no-shutdown" + SANDBOX
                        + " -machine microvm,acpi=off,rtc=on,pit=on,pic=on,isa-serial=on,x-option-roms=off,memory-backend=mem"
                        + " -accel tcg,thread=multi,tb-size=48 -cpu max -smp cpus=1,sockets=1 -m 256M"
                        + " -object memory-backend-memfd,size=256M,share=on,id=mem"
                        + " -kernel /k/vmlinux -initrd /k/initramfs -append console=ttyS0 quiet panic=-1 reboot=t oops=panic"
                        + " swiotlb=noforce ipv6.disable_ipv6=1 memhp_default_state=online memory_hotplug.online_policy=auto-movable noreplace-smp no_timer_check nolapic_timer lapic_timer_hz=1000000000 tsc=reliable tsc_early_khz=2300000"
                        + " lpj=23000000 cpu_init_udelay=0"
                        + CHANNELS
                        + " -device virtio-serial-device,id=serial,max_ports=2"
                        + " -device virtserialport,bus=serial.0,nr=1,chardev=agent,name=hako.agent"
                        + " -device virtio-rng-device -device virtio-balloon-device,id=balloon,free-page-reporting=on");
    }

    @Test
    void kvmNeedsNoneOfTheEmulationsHelp() {
        assertThat(line(MachineType.Q35, new Accelerator.Kvm("vmx"), 2, 300_000_000))
                .contains(" -accel kvm -cpu host -smp cpus=2,sockets=1 -m 287M,maxmem=131359M ")
                .contains(
                        " -append console=ttyS0 quiet panic=-1 reboot=t oops=panic swiotlb=noforce ipv6.disable_ipv6=1 memhp_default_state=online memory_hotplug.online_policy=auto-movable maxcpus=1 -chardev ");
    }

    @Test
    void severalProcessorsBootAsOneAndKnowTheirDelayLoop() {
        assertThat(line(MachineType.Q35, EMULATION, 3, 256 << 20))
                .contains(
                        " swiotlb=noforce ipv6.disable_ipv6=1 memhp_default_state=online memory_hotplug.online_policy=auto-movable maxcpus=1 noreplace-smp no_timer_check nolapic_timer lapic_timer_hz=1000000000 tsc=reliable tsc_early_khz=2300000"
                                + " lpj=23000000 cpu_init_udelay=0 -chardev ");
        assertThat(line(MachineType.Q35, new Accelerator.Emulation("unknown clock", 0), 2, 256 << 20))
                .contains(
                        " maxcpus=1 noreplace-smp no_timer_check nolapic_timer lapic_timer_hz=1000000000 tsc=reliable lpj=20000000 cpu_init_udelay=0 -chardev ");
    }

    @Test
    void underEmulationAGuestClearsPagesThatAHelperMayWriteBehindQemusBack() {
        VmSpec shares = new VmSpec("7f3a", Path.of("/run/hako"), 1, 256 << 20, List.of(), true);

        assertThat(KernelArguments.of(EMULATION, shares, List.of())).contains(" init_on_alloc=1 ");
        assertThat(KernelArguments.of(new Accelerator.Kvm("vmx"), shares, List.of()))
                .doesNotContain("init_on_alloc");
    }

    @Test
    void qbootIsTakenWhereItIs() throws Exception {
        Files.createFile(firmware.resolve("qboot.rom"));

        assertThat(line(MachineType.PC, EMULATION, 1, 256 << 20)).contains(" -bios " + firmware + "/qboot.rom ");
        assertThat(line(MachineType.MICROVM, EMULATION, 1, 256 << 20)).doesNotContain("-bios");
    }

    @Test
    void slotsAreBounded() {
        assertThatThrownBy(() -> QemuConfig.of(Path.of("k"), Path.of("i")).withSlots(28))
                .hasMessage("slots: 28 is not within 0 and 27");
    }

    private String line(MachineType machine, Accelerator accelerator, int vcpus, long memoryBytes) {
        return line(machine, accelerator, vcpus, memoryBytes, new GuestMemory.Fresh(), QemuCommand.Start.BOOT);
    }

    private String line(
            MachineType machine,
            Accelerator accelerator,
            int vcpus,
            long memoryBytes,
            GuestMemory memory,
            QemuCommand.Start start) {
        QemuConfig defaults = QemuConfig.of(Path.of("/k/vmlinux"), Path.of("/k/initramfs"));
        QemuConfig config = new QemuConfig(
                defaults.binary(),
                machine,
                defaults.accelerator(),
                defaults.kernel(),
                defaults.initramfs(),
                2,
                defaults.translationCacheMb(),
                firmware,
                List.of(),
                true,
                Path.of("/lib/hako-discard.so"),
                List.of());
        VmSpec spec = new VmSpec("7f3a", Path.of("/run/hako"), vcpus, memoryBytes, List.of(), false);
        return String.join(" ", new QemuCommand(config, accelerator, spec, memory, start, 3, 4, 6).arguments());
    }
}
