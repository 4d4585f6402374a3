package hako.vm;

import hako.ttrpc.TtrpcClient;
import java.util.concurrent.CompletableFuture;

/** A virtual machine that runs or is booting. Owned by one sandbox; threads: any. */
public interface Vm {
    String id();

    /** What must be written down to find this VM again after the daemon was killed. */
    VmRecord record();

    /**
     * The channel to the guest's agent. Requests may be sent at once; they are answered when the guest is up. When the
     * VM ends, what still waits fails with {@link VmExit}'s reason.
     */
    TtrpcClient agent();

    /** What its specification wanted prepared is. */
    default boolean isPrepared() {
        return false;
    }

    /** Returns when the VMM has the device; the guest sees it a moment later (the agent waits for it). */
    void plug(Device device);

    void unplug(String deviceId);

    /** Puts another image behind a disk that is there and that the guest does not use now. The guest keeps its idea of its size. */
    void replace(Device.Disk disk);

    /**
     * Gives the guest memory on top of what it started with, or takes that back, and waits for it a while. What the guest uses it
     * keeps.
     *
     * @param memoryBytes all it is to have; less than it started with counts as that
     * @return what it has now
     * @throws hako.base.HakoException where nothing can be plugged
     */
    long resize(long memoryBytes);

    /** Host memory of the VMM and its helpers (proportional set size), bytes. */
    long residentBytes();

    /** Stops and resumes the virtual CPUs. */
    void pause();

    void resume();

    /** Ends the VM and its helpers at once. Returns when they are gone. Idempotent. */
    void kill();

    /** The same, because the guest does not do what it must: whoever waits for this VM is told so. The first reason counts. */
    void end(String reason);

    /** Completes when the VMM has ended, for whatever reason. Never exceptionally. */
    CompletableFuture<VmExit> exited();

    /** The end of the guest's console, at most {@code maxBytes}, printable characters and newlines only. */
    String console(int maxBytes);
}
