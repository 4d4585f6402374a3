package hako.vm;

import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The size and place of a VM.
 *
 * @param id identifies the VM in names, logs and sockets; the sandbox's id
 * @param directory the VM's own run directory, made by the caller: sockets, console, logs
 * @param vcpus 1 or more; those after the first come online when the agent is asked
 * @param memoryBytes all of the guest's memory: the container's limit and the guest's own need
 * @param devices that are there from the start; shared directories are plugged later
 * @param sharesDirectories some will be: helpers must reach its memory
 * @param links network cards and disks that may be plugged later, at most
 * @param preparation may have been carried out in it already ({@link Vm#isPrepared}); null: none is wanted
 */
public record VmSpec(
        String id,
        Path directory,
        int vcpus,
        long memoryBytes,
        List<Device> devices,
        boolean sharesDirectories,
        int links,
        @Nullable Preparation preparation) {
    public VmSpec {
        devices = List.copyOf(devices);
    }

    public VmSpec(
            String id, Path directory, int vcpus, long memoryBytes, List<Device> devices, boolean sharesDirectories) {
        this(id, directory, vcpus, memoryBytes, devices, sharesDirectories, 0, null);
    }

    VmSpec unprepared() {
        return new VmSpec(id, directory, vcpus, memoryBytes, devices, sharesDirectories, links, null);
    }
}
