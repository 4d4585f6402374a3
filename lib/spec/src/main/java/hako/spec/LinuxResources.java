package hako.spec;

import io.avaje.jsonb.Json;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The limits of a container's cgroup (runtime-spec, config-linux.md, Control groups). Absent: no limit, no change. */
@Json
public record LinuxResources(
        List<DeviceRule> devices,
        @Nullable Memory memory,
        @Nullable Cpu cpu,
        @Nullable Pids pids,
        @Nullable BlockIo blockIO,
        List<HugepageLimit> hugepageLimits,
        Map<String, String> unified) {

    /** No limits. */
    public static final LinuxResources NONE =
            new LinuxResources(List.of(), null, null, null, null, List.of(), Map.of());

    private static final String CPU_MAX = "cpu.max";

    public LinuxResources {
        devices = Absent.list(devices);
        hugepageLimits = Absent.list(hugepageLimits);
        unified = Absent.map(unified);
    }

    /** These limits, and what is absent here as it is there. */
    public LinuxResources over(@Nullable LinuxResources older) {
        return older == null
                ? this
                : new LinuxResources(
                        devices.isEmpty() ? older.devices : devices,
                        memory == null ? older.memory : memory.over(older.memory),
                        cpu == null ? older.cpu : cpu.over(older.cpu),
                        pids == null ? older.pids : pids,
                        blockIO == null ? older.blockIO : blockIO,
                        hugepageLimits.isEmpty() ? older.hugepageLimits : hugepageLimits,
                        unified.isEmpty() ? older.unified : unified);
    }

    /** These changes of {@code older} limits, with all of what the kernel takes together: one part of memory, or of cpu, and its others. */
    public LinuxResources asChanges(@Nullable LinuxResources older) {
        LinuxResources all = over(older);
        return new LinuxResources(
                devices,
                memory == null ? null : all.memory,
                cpu == null ? null : all.cpu,
                pids,
                blockIO,
                hugepageLimits,
                unified);
    }

    /** The same without a limit of CPU time. */
    public LinuxResources withoutCpuTime() {
        Map<String, String> rest = new LinkedHashMap<>(unified);
        rest.remove(CPU_MAX);
        return new LinuxResources(
                devices, memory, cpu == null ? null : cpu.untimed(), pids, blockIO, hugepageLimits, rest);
    }

    public boolean limitsCpuTime() {
        return !unified.getOrDefault(CPU_MAX, "max").startsWith("max")
                || cpu != null && cpu.quota != null && cpu.quota > 0;
    }

    /** The same with so much more memory and processes, where these are limited. */
    public LinuxResources withRoom(long bytes, long tasks) {
        Map<String, String> unified = new LinkedHashMap<>(this.unified);
        List.of("memory.max", "memory.high", "memory.swap.max")
                .forEach(file -> unified.computeIfPresent(file, (_, value) -> more(value, bytes)));
        unified.computeIfPresent("pids.max", (_, value) -> more(value, tasks));
        return new LinuxResources(
                devices,
                memory == null ? null : memory.withRoom(bytes),
                cpu,
                pids == null || pids.limit() <= 0 ? pids : new Pids(pids.limit() + tasks),
                blockIO,
                hugepageLimits,
                unified);
    }

    /** What is no number is no limit. */
    private static String more(String value, long more) {
        return value.matches("\\d{1,18}") ? Long.toString(Long.parseLong(value) + more) : value;
    }

    private static <T> @Nullable T either(@Nullable T first, @Nullable T second) {
        return first == null ? second : first;
    }

    /** @param access letters of {@code rwm}; absent major or minor: every one */
    @Json
    public record DeviceRule(
            boolean allow,
            @Nullable String type,
            @Nullable Long major,
            @Nullable Long minor,
            @Nullable String access) {}

    /** Bytes; -1 for no limit. {@code swap} is memory and swap together. */
    @Json
    public record Memory(
            @Nullable Long limit,
            @Nullable Long reservation,
            @Nullable Long swap,
            @Nullable Long kernel,
            @Nullable Long kernelTCP,
            @Nullable Long swappiness,
            @Nullable Boolean disableOOMKiller,
            @Nullable Boolean useHierarchy,
            @Nullable Boolean checkBeforeUpdate) {
        public static Memory limited(long limitBytes) {
            return new Memory(limitBytes, null, null, null, null, null, null, null, null);
        }

        Memory withRoom(long bytes) {
            return new Memory(
                    more(limit, bytes),
                    reservation,
                    more(swap, bytes),
                    kernel,
                    kernelTCP,
                    swappiness,
                    disableOOMKiller,
                    useHierarchy,
                    checkBeforeUpdate);
        }

        private static @Nullable Long more(@Nullable Long limit, long bytes) {
            return limit == null || limit <= 0 || limit > Long.MAX_VALUE - bytes ? limit : Long.valueOf(limit + bytes);
        }

        /** Who may have all memory may have all of memory and swap. */
        private @Nullable Long impliedSwap() {
            return swap == null && limit != null && limit == -1 ? limit : swap;
        }

        Memory over(@Nullable Memory older) {
            return older == null
                    ? this
                    : new Memory(
                            either(limit, older.limit),
                            either(reservation, older.reservation),
                            either(impliedSwap(), older.swap),
                            either(kernel, older.kernel),
                            either(kernelTCP, older.kernelTCP),
                            either(swappiness, older.swappiness),
                            either(disableOOMKiller, older.disableOOMKiller),
                            either(useHierarchy, older.useHierarchy),
                            either(checkBeforeUpdate, older.checkBeforeUpdate));
        }
    }

    /** {@code quota} and {@code period} in microseconds; {@code cpus} and {@code mems} as {@code 0-3,7}. */
    @Json
    public record Cpu(
            @Nullable Long shares,
            @Nullable Long quota,
            @Nullable Long burst,
            @Nullable Long period,
            @Nullable Long realtimeRuntime,
            @Nullable Long realtimePeriod,
            @Nullable String cpus,
            @Nullable String mems,
            @Nullable Long idle) {
        public static Cpu limited(long quotaUs, long periodUs) {
            return new Cpu(null, quotaUs, null, periodUs, null, null, null, null, null);
        }

        /** For as long as it wants. */
        Cpu untimed() {
            return new Cpu(shares, null, null, null, realtimeRuntime, realtimePeriod, cpus, mems, idle);
        }

        /** On whichever CPUs and memory nodes. */
        public Cpu unbound() {
            return new Cpu(shares, quota, burst, period, realtimeRuntime, realtimePeriod, null, null, idle);
        }

        Cpu over(@Nullable Cpu older) {
            return older == null
                    ? this
                    : new Cpu(
                            either(shares, older.shares),
                            either(quota, older.quota),
                            either(burst, older.burst),
                            either(period, older.period),
                            either(realtimeRuntime, older.realtimeRuntime),
                            either(realtimePeriod, older.realtimePeriod),
                            either(cpus, older.cpus),
                            either(mems, older.mems),
                            either(idle, older.idle));
        }
    }

    /** At most so many processes; 0 or less: no limit. */
    @Json
    public record Pids(long limit) {}

    /** Weights 10 to 1000; rates in bytes or operations a second. */
    @Json
    public record BlockIo(
            @Nullable Integer weight,
            @Nullable Integer leafWeight,
            List<WeightDevice> weightDevice,
            List<Throttle> throttleReadBpsDevice,
            List<Throttle> throttleWriteBpsDevice,
            List<Throttle> throttleReadIOPSDevice,
            List<Throttle> throttleWriteIOPSDevice) {
        public BlockIo {
            weightDevice = Absent.list(weightDevice);
            throttleReadBpsDevice = Absent.list(throttleReadBpsDevice);
            throttleWriteBpsDevice = Absent.list(throttleWriteBpsDevice);
            throttleReadIOPSDevice = Absent.list(throttleReadIOPSDevice);
            throttleWriteIOPSDevice = Absent.list(throttleWriteIOPSDevice);
        }

        /** Without a share of it. */
        public BlockIo unweighted() {
            return new BlockIo(
                    null,
                    null,
                    List.of(),
                    throttleReadBpsDevice,
                    throttleWriteBpsDevice,
                    throttleReadIOPSDevice,
                    throttleWriteIOPSDevice);
        }

        public static BlockIo weighted(int weight) {
            return new BlockIo(weight, null, List.of(), List.of(), List.of(), List.of(), List.of());
        }
    }

    /** The weight of one device. */
    @Json
    public record WeightDevice(
            long major,
            long minor,
            @Nullable Integer weight,
            @Nullable Integer leafWeight) {
        public String number() {
            return major + ":" + minor;
        }
    }

    /** The rate of one device. */
    @Json
    public record Throttle(long major, long minor, long rate) {
        public String number() {
            return major + ":" + minor;
        }
    }

    /** @param pageSize {@code 2MB}, {@code 1GB} */
    @Json
    public record HugepageLimit(String pageSize, long limit) {}

    /** Reads what {@code update --resources} is given; {@link hako.base.HakoException} when it is not that. */
    public static LinuxResources fromJson(byte[] json) {
        return SpecJson.read(LinuxResources.class, json, "resources");
    }

    /** UTF-8, without null and empty members. */
    public byte[] toJson() {
        return SpecJson.write(LinuxResources.class, this);
    }
}
