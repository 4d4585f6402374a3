package hako.vm;

import java.nio.file.Path;
import java.util.List;

/**
 * What is done in a VM before it is saved as a template, so that its clones have it done. Equal ones leave equal VMs.
 * {@link #toString} says for what.
 */
public interface Preparation {
    /**
     * The template's own, in the place of those of the VMs it is for, and like them. What it writes to its disks is on its clones'
     * as well.
     *
     * @param directory where their files may lie until it is saved
     */
    List<Device> devices(Path directory);

    /** @throws hako.base.HakoException if it cannot be done */
    void carryOut(Vm vm);
}
