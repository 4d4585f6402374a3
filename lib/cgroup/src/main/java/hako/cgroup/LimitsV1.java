package hako.cgroup;

import hako.spec.LinuxResources;
import hako.spec.LinuxResources.BlockIo;
import hako.spec.LinuxResources.Cpu;
import hako.spec.LinuxResources.Memory;
import hako.spec.LinuxResources.Throttle;
import hako.spec.LinuxResources.WeightDevice;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * From the resources of a specification to the files of cgroup version 1.
 *
 * @see <a href="https://github.com/opencontainers/runtime-spec/blob/main/config-linux.md#control-groups">runtime-spec, Control groups</a>
 * @see <a href="https://docs.kernel.org/admin-guide/cgroup-v1/">kernel, Control Groups version 1</a>
 */
final class LimitsV1 {
    private final List<Setting> settings = new ArrayList<>();

    private LimitsV1() {}

    static List<Setting> of(LinuxResources resources) {
        LimitsV1 limits = new LimitsV1();
        limits.memory(resources.memory());
        limits.cpu(resources.cpu());
        if (resources.pids() != null && resources.pids().limit() != 0) {
            long most = resources.pids().limit();
            limits.set("pids.max", most < 0 ? "max" : most);
        }
        limits.blockIo(resources.blockIO());
        for (LinuxResources.HugepageLimit limit : resources.hugepageLimits()) {
            limits.set("hugetlb." + limit.pageSize() + ".limit_in_bytes", limit.limit());
        }
        return limits.settings;
    }

    private void memory(@Nullable Memory memory) {
        if (memory == null) {
            return;
        }
        setUnlessZero("memory.limit_in_bytes", memory.limit());
        setUnlessZero("memory.memsw.limit_in_bytes", memory.swap());
        setUnlessZero("memory.soft_limit_in_bytes", memory.reservation());
        if (memory.swappiness() != null) {
            set("memory.swappiness", memory.swappiness());
        }
    }

    private void cpu(@Nullable Cpu cpu) {
        if (cpu == null) {
            return;
        }
        setUnlessZero("cpu.shares", cpu.shares());
        setUnlessZero("cpu.cfs_period_us", cpu.period());
        setUnlessZero("cpu.cfs_quota_us", cpu.quota());
        setUnlessZero("cpu.cfs_burst_us", cpu.burst());
        setUnlessZero("cpu.rt_period_us", cpu.realtimePeriod());
        setUnlessZero("cpu.rt_runtime_us", cpu.realtimeRuntime());
        setUnlessZero("cpu.idle", cpu.idle());
        if (cpu.cpus() != null && !cpu.cpus().isEmpty()) {
            set("cpuset.cpus", cpu.cpus());
        }
        if (cpu.mems() != null && !cpu.mems().isEmpty()) {
            set("cpuset.mems", cpu.mems());
        }
    }

    /** The weights' files are those of the scheduler that the kernel has. */
    private void blockIo(@Nullable BlockIo io) {
        if (io == null) {
            return;
        }
        for (String scheduler : List.of("blkio.", "blkio.bfq.")) {
            if (io.weight() != null && io.weight() != 0) {
                set(scheduler + "weight", io.weight());
            }
            for (WeightDevice device : io.weightDevice()) {
                if (device.weight() != null) {
                    set(scheduler + "weight_device", device.number() + " " + device.weight());
                }
            }
        }
        throttle("blkio.throttle.read_bps_device", io.throttleReadBpsDevice());
        throttle("blkio.throttle.write_bps_device", io.throttleWriteBpsDevice());
        throttle("blkio.throttle.read_iops_device", io.throttleReadIOPSDevice());
        throttle("blkio.throttle.write_iops_device", io.throttleWriteIOPSDevice());
    }

    private void throttle(String file, List<Throttle> devices) {
        devices.forEach(device -> set(file, device.number() + " " + device.rate()));
    }

    private void setUnlessZero(String file, @Nullable Long value) {
        if (value != null && value != 0) {
            set(file, value);
        }
    }

    private void set(String file, Object value) {
        settings.add(new Setting(file, value.toString()));
    }
}
