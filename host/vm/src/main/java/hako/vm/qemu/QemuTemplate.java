package hako.vm.qemu;

import hako.base.HakoException;
import hako.base.HakoException.Code;
import hako.base.HakoException.Kind;
import hako.base.Undo;
import hako.linux.Fd;
import hako.linux.MemoryFile;
import hako.linux.SparseFile;
import hako.vm.Device;
import hako.vm.Vm;
import hako.vm.VmSpec;
import hako.vm.VmTemplate;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/**
 * Sealed files in memory: the guest's memory as it was, what QEMU wrote of its devices, and what the guest wrote to its disks. A
 * clone has a copy of the first, or its pages until it writes to them ({@code sharesMemory}), and of the last.
 */
final class QemuTemplate implements VmTemplate {
    private final QemuDriver driver;
    private final VmSpec saved;
    private final Fd memory;
    private final Fd state;

    private final String origin;
    private final Map<String, Fd> disks;

    /**
     * @param origin tells what it was made of apart from others ({@link QemuDriver#origin})
     * @param disks what it wrote, by the disk's id
     */
    QemuTemplate(QemuDriver driver, VmSpec saved, String origin, Fd memory, Fd state, Map<String, Fd> disks) {
        this.disks = Map.copyOf(disks);
        this.driver = driver;
        this.origin = origin;
        this.saved = saved;
        this.memory = memory;
        this.state = state;
    }

    @Override
    public Vm launch(VmSpec spec) {
        if (spec.vcpus() != saved.vcpus() || spec.memoryBytes() != saved.memoryBytes()) {
            throw new IllegalArgumentException("clone %s of a VM of another size: %s".formatted(spec, saved));
        }
        // Helpers of shared directories write where the guest reads: into a file that all mappings show.
        boolean shares = driver.canShare() && !spec.sharesDirectories();
        // The state is opened anew: an offset of its own.
        try (Fd own = shares ? memory.dup() : MemoryFile.copy("hako-memory", memory, saved.memoryBytes());
                Fd devices = Fd.open(state.path(), Fd.O_RDONLY, 0)) {
            return onSavedDisks(spec, () -> driver.clone(spec, own, !shares, devices));
        } catch (IOException e) {
            throw new HakoException(
                    Kind.RESOURCES,
                    Code.NO_SPACE,
                    "clone VM %s: copy its memory and disks: %s".formatted(spec.id(), e),
                    e);
        }
    }

    /** What the caller put in the place of its disks comes back where there is no clone: another VM is made with them. */
    private Vm onSavedDisks(VmSpec spec, Supplier<Vm> clone) throws IOException {
        try (Undo undo = new Undo()) {
            List<Path> replaced = new ArrayList<>();
            for (Device device : spec.devices()) {
                if (device instanceof Device.Disk disk && disks.get(disk.id()) instanceof Fd content) {
                    Path aside = disk.image().resolveSibling(disk.image().getFileName() + ".aside");
                    Files.move(disk.image(), aside);
                    undo.add(() -> putBack(aside, disk.image()));
                    replaced.add(aside);
                    SparseFile.copy(content.path(), disk.image());
                }
            }
            Vm vm = clone.get();
            undo.release();
            for (Path aside : replaced) {
                Files.delete(aside);
            }
            return vm;
        }
    }

    private static void putBack(Path aside, Path image) {
        try {
            Files.move(aside, image, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new UncheckedIOException("move " + aside + " back", e);
        }
    }

    @Override
    public boolean isStale() {
        return !origin.equals(driver.origin(saved));
    }

    @Override
    public void close() {
        memory.close();
        state.close();
        disks.values().forEach(Fd::close);
    }
}
