package hako.vm.qemu;

import hako.base.HakoException;
import hako.base.HakoException.Code;
import hako.base.HakoException.Kind;
import hako.linux.Fd;
import hako.linux.MemoryFile;
import hako.vm.Vm;
import hako.vm.VmSpec;
import hako.vm.VmTemplate;
import java.io.IOException;

/**
 * Two sealed files in memory: the guest's memory as it was, and what QEMU wrote of its devices. A clone has a copy of the
 * first, or its pages until it writes to them ({@code sharesMemory}).
 */
final class QemuTemplate implements VmTemplate {
    private final QemuDriver driver;
    private final VmSpec saved;
    private final Fd memory;
    private final Fd state;

    private final String origin;

    /** @param origin tells kernel, agent and VMM apart from others ({@link QemuDriver#origin}) */
    QemuTemplate(QemuDriver driver, VmSpec saved, String origin, Fd memory, Fd state) {
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
        boolean shares = driver.sharesTemplates() && !spec.sharesDirectories();
        // The state is opened anew: an offset of its own.
        try (Fd own = shares ? memory.dup() : MemoryFile.copy("hako-memory", memory, saved.memoryBytes());
                Fd devices = Fd.open(state.path(), Fd.O_RDONLY, 0)) {
            return driver.clone(spec, own, !shares, devices);
        } catch (IOException e) {
            throw new HakoException(
                    Kind.RESOURCES, Code.NO_SPACE, "clone VM %s: copy its memory: %s".formatted(spec.id(), e), e);
        }
    }

    @Override
    public boolean isStale() {
        return !origin.equals(driver.origin());
    }

    @Override
    public void close() {
        memory.close();
        state.close();
    }
}
