package hako.vm.qemu;

import hako.vm.Accelerator;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * What QEMU is told, for all VMs of this driver.
 *
 * @param binary a path, or a name to be searched in {@code PATH}
 * @param kernel an uncompressed kernel with a PVH entry ({@code vmlinux}), or a bzImage
 * @param initramfs whose {@code /init} is the agent
 * @param slots devices that can be plugged at a time, where the machine has them for a price (Q35: about 10 ms of
 *     boot each); 27 at most. For a sandbox's shared folder and its memory; links have their own ({@link hako.vm.VmSpec#links})
 * @param translationCacheMb of emulation; QEMU's own default of an eighth of the memory is far too large
 * @param firmware the directory that may hold {@code qboot.rom}, which starts quicker than the default firmware
 * @param virtiofsd where to search for it, the first found is taken
 * @param sharesTemplates a clone has its template's pages until it writes to them; else a copy of them
 * @param discard the library that lets such a clone give memory back (host/vm/discard); where it is missing, clones have copies
 * @param kernelArguments added to the kernel's command line
 */
public record QemuConfig(
        Path binary,
        MachineType machine,
        Accelerator.Choice accelerator,
        Path kernel,
        Path initramfs,
        int slots,
        int translationCacheMb,
        Path firmware,
        List<Path> virtiofsd,
        boolean sharesTemplates,
        Path discard,
        List<String> kernelArguments) {
    /** A bus has 32 devices: host bridge, ISA bridge, and the three that every VM has. */
    private static final int MAX_SLOTS = 27;

    public QemuConfig {
        if (slots < 0 || slots > MAX_SLOTS) {
            throw new IllegalArgumentException("slots: %d is not within 0 and %d".formatted(slots, MAX_SLOTS));
        }
        virtiofsd = List.copyOf(virtiofsd);
        kernelArguments = List.copyOf(kernelArguments);
    }

    /** What is right for most; change by the {@code with…} methods. */
    public static QemuConfig of(Path kernel, Path initramfs) {
        return new QemuConfig(
                Path.of("qemu-system-x86_64"),
                MachineType.Q35,
                Accelerator.Choice.AUTO,
                kernel,
                initramfs,
                2,
                48,
                Path.of("/usr/share/qemu"),
                List.of(
                        Path.of("/usr/libexec/virtiofsd"),
                        Path.of("/usr/lib/virtiofsd"),
                        Path.of("/usr/lib/qemu/virtiofsd"),
                        Path.of("/usr/bin/virtiofsd")),
                true,
                Path.of("hako-discard.so"),
                List.of());
    }

    /** Whether clones can have their template's pages. A list of libraries to load has no way to write a space or a colon. */
    boolean canShare() {
        return sharesTemplates
                && Files.isReadable(discard)
                && !discard.toString().matches(".*[ :].*");
    }

    public QemuConfig withBinary(Path value) {
        return with(value, machine, slots, discard, kernelArguments);
    }

    public QemuConfig withMachine(MachineType value) {
        return with(binary, value, slots, discard, kernelArguments);
    }

    public QemuConfig withSlots(int value) {
        return with(binary, machine, value, discard, kernelArguments);
    }

    public QemuConfig withDiscard(Path value) {
        return with(binary, machine, slots, value, kernelArguments);
    }

    public QemuConfig withKernelArguments(List<String> value) {
        return with(binary, machine, slots, discard, value);
    }

    /** The same but for these. */
    private QemuConfig with(
            Path newBinary, MachineType newMachine, int newSlots, Path newDiscard, List<String> newArguments) {
        return new QemuConfig(
                newBinary,
                newMachine,
                accelerator,
                kernel,
                initramfs,
                newSlots,
                translationCacheMb,
                firmware,
                virtiofsd,
                sharesTemplates,
                newDiscard,
                newArguments);
    }
}
