package hako.cli;

import hako.door.Bytes;
import hako.door.Option;
import hako.door.Options;
import hako.spec.LinuxResources;
import java.math.BigDecimal;
import org.jspecify.annotations.Nullable;

/** The limits of a container, as {@code run} and {@code update} are given them. Docker's spelling. */
final class Limits {
    private static final long PERIOD_US = 100_000;
    private static final long LEAST_MEMORY_BYTES = 6L << 20;

    private final Option<Long> memory;
    private final Option<BigDecimal> cpus;
    private final Option<Long> pids;

    Limits(Options options) {
        memory = options.value(
                "memory", 'm', "BYTES", "The container's memory; the guest's own need comes on top", 0L, Limits::bytes);
        cpus = options.value("cpus", "NUMBER", "CPU time, in CPUs", BigDecimal.ZERO, Limits::processors);
        pids = options.value("pids-limit", "NUMBER", "Most processes at a time; -1: no limit", -1L, Long::valueOf);
    }

    boolean given() {
        return memory.given() || cpus.given() || pids.given();
    }

    /** Null where none is given, as the others. */
    LinuxResources.@Nullable Memory memory() {
        return memory.given() ? LinuxResources.Memory.limited(memory.value()) : null;
    }

    LinuxResources.@Nullable Cpu cpu() {
        return cpus.given()
                ? LinuxResources.Cpu.limited(
                        cpus.value().multiply(BigDecimal.valueOf(PERIOD_US)).longValue(), PERIOD_US)
                : null;
    }

    LinuxResources.@Nullable Pids pids() {
        return pids.given() ? new LinuxResources.Pids(pids.value()) : null;
    }

    private static long bytes(String text) {
        long bytes = Bytes.parse(text);
        if (bytes < LEAST_MEMORY_BYTES) {
            throw new IllegalArgumentException("the least a container can be limited to is 6m");
        }
        return bytes;
    }

    private static BigDecimal processors(String text) {
        BigDecimal cpus;
        try {
            cpus = new BigDecimal(text);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("not a number", e);
        }
        int most = Runtime.getRuntime().availableProcessors();
        if (cpus.compareTo(new BigDecimal("0.01")) < 0 || cpus.compareTo(BigDecimal.valueOf(most)) > 0) {
            throw new IllegalArgumentException("from 0.01 to %d, as there are %d CPUs".formatted(most, most));
        }
        return cpus;
    }
}
