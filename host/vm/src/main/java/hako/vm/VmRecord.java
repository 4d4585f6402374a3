package hako.vm;

import java.util.List;

/**
 * A VM as a checkpoint keeps it.
 *
 * @param driver which {@link VmDriver} can adopt it, e.g. {@code qemu}
 * @param pid the VMM's process
 * @param startTime of that process, clock ticks since boot (field 22 of {@code /proc/PID/stat}): pids are used again
 * @param directory the VM's run directory
 * @param helpers pid and start time of helper processes (virtiofsd)
 */
public record VmRecord(
        String id,
        String driver,
        long pid,
        long startTime,
        String directory,
        int vcpus,
        long memoryBytes,
        List<Helper> helpers) {
    public record Helper(String deviceId, long pid, long startTime) {}
}
