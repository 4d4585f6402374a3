package hako.cgroup;

import hako.spec.LinuxResources;
import hako.spec.LinuxResources.BlockIo;
import hako.spec.LinuxResources.Cpu;
import hako.spec.LinuxResources.Memory;
import hako.spec.LinuxResources.Throttle;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * From the resources of a specification to the files of cgroup version 2.
 *
 * @see <a href="https://docs.kernel.org/admin-guide/cgroup-v2.html">kernel, Control Group v2</a>
 */
final class LimitsV2 {
    private static final String NO_LIMIT = "max";
    // Weights of version 1 and of this one, from and to (kernel/sched/sched.h,
    // Documentation/admin-guide/cgroup-v2.rst).
    private static final long LEAST_SHARES = 2;
    private static final long MOST_SHARES = 262_144;
    private static final long LEAST_IO_WEIGHT = 10;
    private static final long MOST_IO_WEIGHT = 1000;
    private static final long MOST_WEIGHT = 10_000;

    private final List<Setting> settings = new ArrayList<>();

    private LimitsV2() {}

    static List<Setting> of(LinuxResources resources) {
        LimitsV2 limits = new LimitsV2();
        limits.memory(resources.memory());
        limits.cpu(resources.cpu());
        if (resources.pids() != null && resources.pids().limit() != 0) {
            limits.set("pids.max", orNone(resources.pids().limit()));
        }
        limits.blockIo(resources.blockIO());
        for (LinuxResources.HugepageLimit limit : resources.hugepageLimits()) {
            limits.set("hugetlb." + limit.pageSize() + ".max", limit.limit());
        }
        resources.unified().forEach(limits::set);
        return limits.settings;
    }

    private void memory(@Nullable Memory memory) {
        if (memory == null) {
            return;
        }
        if (isGiven(memory.swap())) { // of memory and swap together, there
            boolean limited = memory.swap() > 0 && isGiven(memory.limit()) && memory.limit() > 0;
            set("memory.swap.max", limited ? Math.max(0, memory.swap() - memory.limit()) : NO_LIMIT);
        }
        if (isGiven(memory.limit())) {
            set("memory.max", orNone(memory.limit()));
        }
        if (isGiven(memory.reservation())) {
            set("memory.low", orNone(memory.reservation()));
        }
    }

    private void cpu(@Nullable Cpu cpu) {
        if (cpu == null) {
            return;
        }
        if (isGiven(cpu.idle())) {
            set("cpu.idle", cpu.idle());
        } else if (isGiven(cpu.shares())) {
            set("cpu.weight", weight(cpu.shares(), LEAST_SHARES, MOST_SHARES));
        }
        if (isGiven(cpu.quota()) || isGiven(cpu.period())) {
            String quota = isGiven(cpu.quota()) ? orNone(cpu.quota()) : NO_LIMIT;
            set("cpu.max", isGiven(cpu.period()) ? quota + " " + cpu.period() : quota);
        }
        if (isGiven(cpu.burst())) {
            set("cpu.max.burst", cpu.burst());
        }
        if (cpu.cpus() != null && !cpu.cpus().isEmpty()) {
            set("cpuset.cpus", cpu.cpus());
        }
        if (cpu.mems() != null && !cpu.mems().isEmpty()) {
            set("cpuset.mems", cpu.mems());
        }
    }

    private void blockIo(@Nullable BlockIo io) {
        if (io == null) {
            return;
        }
        if (io.weight() != null && io.weight() != 0) {
            set("io.bfq.weight", io.weight());
            set("io.weight", "default " + weight(io.weight(), LEAST_IO_WEIGHT, MOST_IO_WEIGHT));
        }
        io.weightDevice().stream()
                .filter(device -> device.weight() != null)
                .forEach(device -> set("io.bfq.weight", device.number() + " " + device.weight()));
        throttle("rbps", io.throttleReadBpsDevice());
        throttle("wbps", io.throttleWriteBpsDevice());
        throttle("riops", io.throttleReadIOPSDevice());
        throttle("wiops", io.throttleWriteIOPSDevice());
    }

    private void throttle(String key, List<Throttle> devices) {
        for (Throttle device : devices) {
            set("io.max", "%s %s=%s".formatted(device.number(), key, device.rate() == 0 ? NO_LIMIT : device.rate()));
        }
    }

    /** Both ends meet. */
    private static long weight(long value, long least, long most) {
        return 1 + (Math.clamp(value, least, most) - least) * (MOST_WEIGHT - 1) / (most - least);
    }

    private static boolean isGiven(@Nullable Long value) {
        return value != null && value != 0;
    }

    private static String orNone(long limit) {
        return limit < 0 ? NO_LIMIT : Long.toString(limit);
    }

    private void set(String file, Object value) {
        settings.add(new Setting(file, value.toString()));
    }
}
