package hako.oci;

import hako.base.HakoException;
import hako.base.HakoException.Code;
import hako.door.Bytes;
import hako.door.Option;
import hako.spec.LinuxResources;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** {@code hako-runtime update}: other limits for a container that runs. */
final class Update extends Verb {
    private static final int MOST_BYTES = 1 << 20;

    private final Option<String> resources = options()
            .text("resources", 'r', "FILE", "All limits as linux.resources of a config.json; -: standard input");
    private final Option<@Nullable Long> memory = size("memory", "Most memory");
    private final Option<@Nullable Long> reservation = size("memory-reservation", "Memory left to it under pressure");
    private final Option<@Nullable Long> swap = size("memory-swap", "Most memory and swap");
    private final Option<@Nullable Long> quota = number("cpu-quota", "US", "CPU time in a period");
    private final Option<@Nullable Long> period = number("cpu-period", "US", "Length of a period");
    private final Option<@Nullable Long> shares = number("cpu-share", "NUMBER", "Share of CPU time");
    private final Option<@Nullable Long> idle = number("cpu-idle", "0|1", "Only CPU time nobody else wants");
    private final Option<@Nullable Long> realtimePeriod = number("cpu-rt-period", "US", "Length of a realtime period");
    private final Option<@Nullable Long> realtimeRuntime =
            number("cpu-rt-runtime", "US", "Realtime CPU time in a period");
    private final Option<String> cpus = options().text("cpuset-cpus", "LIST", "CPUs of this host it may use");
    private final Option<String> mems = options().text("cpuset-mems", "LIST", "Memory nodes of this host it may use");
    private final Option<@Nullable Long> pids = number("pids-limit", "NUMBER", "Most processes; -1: no limit");
    private final Option<@Nullable Integer> weight =
            options().<@Nullable Integer>value("blkio-weight", "NUMBER", "Share of block I/O", null, Integer::valueOf);

    Update() {
        super("update", "CONTAINER", "Change the limits of a container", 1, 1);
    }

    private Option<@Nullable Long> size(String name, String description) {
        return options().<@Nullable Long>value(name, "BYTES", description, null, Update::bytes);
    }

    /** {@code 52428800}, {@code 50M}, {@code -1}. */
    private static Long bytes(String text) {
        return text.startsWith("-") ? Long.valueOf(text) : Bytes.parse(text);
    }

    private Option<@Nullable Long> number(String name, String metavar, String description) {
        return options().<@Nullable Long>value(name, metavar, description, null, Long::valueOf);
    }

    @Override
    int run(RuntimeCall call, List<String> arguments) throws IOException, InterruptedException {
        call.container(arguments.getFirst()).update(wanted(call));
        return SUCCESS;
    }

    private LinuxResources wanted(RuntimeCall call) throws IOException {
        if (resources.value().isEmpty()) {
            return byOptions();
        }
        try (InputStream in = resources.value().equals("-")
                ? call.caller().stdin()
                : Files.newInputStream(call.path(resources.value()))) {
            byte[] bytes = in.readNBytes(MOST_BYTES + 1);
            if (bytes.length > MOST_BYTES) {
                throw HakoException.user(Code.INVALID_ARGUMENT, "read the resources: they are longer than 1 MiB");
            }
            return LinuxResources.fromJson(bytes);
        }
    }

    private LinuxResources byOptions() {
        return new LinuxResources(
                List.of(),
                new LinuxResources.Memory(
                        memory.value(), reservation.value(), swap.value(), null, null, null, null, null, null),
                new LinuxResources.Cpu(
                        shares.value(),
                        quota.value(),
                        null,
                        period.value(),
                        realtimeRuntime.value(),
                        realtimePeriod.value(),
                        orNull(cpus.value()),
                        orNull(mems.value()),
                        idle.value()),
                pids.value() == null ? null : new LinuxResources.Pids(pids.value()),
                weight.value() == null ? null : LinuxResources.BlockIo.weighted(weight.value()),
                List.of(),
                Map.of());
    }

    private static @Nullable String orNull(String text) {
        return text.isEmpty() ? null : text;
    }
}
