package hako.vm;

/**
 * Hands out VMs. Which way one came to be (booted cold, cloned from a template, taken from a pool) is this interface's
 * secret: nothing above it knows. Threads: any.
 */
public interface VmSource {
    /**
     * A VM of this size, its own from now on. It may still be booting: devices can be plugged at once, and the first
     * call to its agent is answered when the guest is up.
     *
     * @throws hako.base.HakoException if the VMM could not be started, with the reason and the mend
     */
    Vm acquire(VmSpec spec);
}
