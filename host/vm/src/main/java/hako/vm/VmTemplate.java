package hako.vm;

/** A booted VM, saved: memory and devices, to be cloned any number of times. Lives in memory. Threads: any. */
public interface VmTemplate extends AutoCloseable {
    /**
     * A VM that goes on from where this one was saved, in a process of its own; its guest runs.
     *
     * @param spec of the template's own size
     * @throws hako.base.HakoException if the VMM could not be started, or does not take the state
     */
    Vm launch(VmSpec spec);

    /** What it was made of (kernel, agent, VMM) is not what it was. */
    boolean isStale();

    /** Clones go on. */
    @Override
    void close();
}
