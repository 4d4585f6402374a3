package hako.sandbox;

import hako.spec.LinuxResources;
import org.jspecify.annotations.Nullable;

/**
 * From a container's limits to a VM's size.
 *
 * <p>The container's own limits are applied in the guest as cgroup limits as well; the VM is as large as it must be for
 * them to be reachable: {@code -m 512m} leaves the container 512 MB, the guest's own need comes on top.
 *
 * @param vcpus virtual CPUs that are online, 1 or more
 * @param memoryBytes the VM's whole memory, a multiple of 2 MiB
 */
public record Sizing(int vcpus, long memoryBytes) {
    private static final long MIB = 1L << 20;

    /** A limit beyond any memory is none: managers write the largest number there is. */
    private static final long MOST_BYTES = 1L << 46;

    /** What kernel, agent and page tables take of a small guest; measured, see docs/performance.md. */
    static final long GUEST_BASE_BYTES = 64 * MIB;

    /** {@code struct page}: 64 bytes for every 4 KiB (include/linux/mm_types.h), and as much again for the rest. */
    static final int PER_MEMORY_SHIFT = 5;

    /** For these limits on this host; where there are none, what the configuration says. */
    static Sizing of(@Nullable LinuxResources resources, SandboxConfig config) {
        LinuxResources.Cpu cpu = resources == null ? null : resources.cpu();
        LinuxResources.Memory memory = resources == null ? null : resources.memory();
        return of(
                cpu == null ? 0 : orZero(cpu.quota()),
                cpu == null ? 0 : orZero(cpu.period()),
                memory == null ? 0 : orZero(memory.limit()),
                config.defaultVcpus(),
                config.defaultMemoryBytes(),
                Runtime.getRuntime().availableProcessors());
    }

    /** Of a VM of this size, online or not. */
    int processors(SandboxConfig config) {
        return Math.max(vcpus, config.vmProcessors());
    }

    private static long orZero(@Nullable Long value) {
        return value == null ? 0 : value;
    }

    /**
     * @param quotaUs CPU time per period, microseconds; 0 or less: no limit
     * @param periodUs 0 for the kernel's default of 100 ms
     * @param memoryLimitBytes 0 or less: no limit
     */
    public static Sizing of(
            long quotaUs,
            long periodUs,
            long memoryLimitBytes,
            int defaultVcpus,
            long defaultMemoryBytes,
            int hostCpus) {
        long vcpus = quotaUs > 0 ? Math.ceilDiv(quotaUs, period(periodUs)) : defaultVcpus;
        long container = containerBytes(memoryLimitBytes, defaultMemoryBytes);
        return new Sizing(Math.clamp(vcpus, 1, Math.max(1, hostCpus)), vmBytes(container));
    }

    /** Processors' worth of time that a container with these limits may use; 0: no limit. */
    static double cpus(@Nullable LinuxResources resources) {
        LinuxResources.Cpu cpu = resources == null ? null : resources.cpu();
        long quota = cpu == null ? 0 : orZero(cpu.quota());
        return quota > 0 ? (double) quota / period(orZero(cpu.period())) : 0;
    }

    private static long period(long periodUs) {
        return periodUs > 0 ? periodUs : 100_000;
    }

    /** What a container with these limits may use. */
    static long containerBytes(@Nullable LinuxResources resources, long otherwise) {
        LinuxResources.Memory memory = resources == null ? null : resources.memory();
        return containerBytes(memory == null ? 0 : orZero(memory.limit()), otherwise);
    }

    private static long containerBytes(long limitBytes, long otherwise) {
        return (limitBytes > 0 && limitBytes <= MOST_BYTES ? limitBytes : otherwise) >> 20 << 20;
    }

    /** What a guest needs itself whose containers may use so much together. */
    public static long guestNeedBytes(long containersBytes) {
        return GUEST_BASE_BYTES + (containersBytes >> PER_MEMORY_SHIFT);
    }

    /** Of a VM whose containers may use so much together. */
    static long vmBytes(long containersBytes) {
        long memory = containersBytes + guestNeedBytes(containersBytes);
        return (memory + 2 * MIB - 1) / (2 * MIB) * (2 * MIB);
    }
}
