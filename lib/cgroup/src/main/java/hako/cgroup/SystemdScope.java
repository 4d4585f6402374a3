package hako.cgroup;

import hako.base.HakoException;
import hako.base.HakoException.Code;
import hako.base.HakoException.Kind;
import hako.spec.LinuxResources;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * A unit of systemd for processes that it has not started. Below a slice it alone makes cgroups; this one, once it is there, is
 * left to whoever asked for it. It is asked by {@code busctl}, which comes with it.
 *
 * @param slice that it is below, as {@code a-b.slice}; {@code -.slice}: the root
 * @param unit as {@code docker-0123.scope}
 * @see <a href="https://www.freedesktop.org/software/systemd/man/latest/org.freedesktop.systemd1.html">org.freedesktop.systemd1</a>
 */
public record SystemdScope(String slice, String unit) {
    private static final String SLICE = ".slice";
    private static final String ROOT = "-" + SLICE;
    private static final String USUAL_SLICE = "system" + SLICE;
    private static final String USUAL_PREFIX = "hako";

    private static final String BUS = "org.freedesktop.systemd1";
    private static final String WITHOUT_LIMIT = Long.toUnsignedString(-1);
    private static final long USUAL_PERIOD_US = 100_000;
    private static final long STEP_US = 10_000;

    private static final Path BOOTED = Path.of("/run/systemd/system");
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final Duration PAUSE = Duration.ofMillis(5);

    /**
     * The one that a specification names.
     *
     * @param cgroupsPath {@code SLICE:PREFIX:NAME}, the first two of which may be empty; empty: as the container's id
     * @throws HakoException INVALID_ARGUMENT for what is not that
     */
    public static SystemdScope named(String cgroupsPath, String id) {
        String[] parts = cgroupsPath.isEmpty() ? new String[] {"", "", id} : cgroupsPath.split(":", -1);
        if (parts.length != 3 || !isName(parts[2]) || !isName(parts[1] + parts[2])) {
            throw invalid(cgroupsPath, "systemd's is written SLICE:PREFIX:NAME");
        }
        String slice = parts[0].isEmpty() ? USUAL_SLICE : parts[0];
        if (!isSlice(slice)) {
            throw invalid(cgroupsPath, "\"%s\" is not the name of a slice".formatted(slice));
        }
        String prefix = cgroupsPath.isEmpty() ? USUAL_PREFIX : parts[1];
        return new SystemdScope(slice, (prefix.isEmpty() ? "" : prefix + "-") + parts[2] + ".scope");
    }

    private static boolean isName(String text) {
        return text.matches("[\\w.@\\\\-]+");
    }

    /** Each of the parts that a dash parts names one more, below the one before. */
    private static boolean isSlice(String name) {
        return name.equals(ROOT)
                || name.matches("[\\w.@\\\\]+(-[\\w.@\\\\]+)*")
                        && name.endsWith(SLICE)
                        && name.length() > SLICE.length();
    }

    /** Whether this host has a systemd to ask. */
    public static boolean isPossible() {
        return Files.isDirectory(BOOTED);
    }

    /** Where its cgroup is, from the root of each hierarchy: {@code /a.slice/a-b.slice/docker-0123.scope}. */
    public String path() {
        StringBuilder path = new StringBuilder("/");
        if (!slice.equals(ROOT)) {
            String name = slice.substring(0, slice.length() - SLICE.length());
            for (int dash = name.indexOf('-'); dash >= 0; dash = name.indexOf('-', dash + 1)) {
                path.append(name, 0, dash).append(SLICE).append('/');
            }
            path.append(slice).append('/');
        }
        return path.append(unit).toString();
    }

    /**
     * Has systemd start it; returns when the processes are in it.
     *
     * @param pids one at least
     * @param limits of version 2. Systemd is told those it knows, or would take them back some day
     * @throws HakoException EXTERNAL: it has not, in time, or it says why not
     */
    public void start(List<Long> pids, LinuxResources limits) throws InterruptedException {
        List<List<String>> properties = new ArrayList<>(List.of(
                List.of("Description", "s", "container in a VM, " + unit),
                List.of("Slice", "s", slice),
                List.of("Delegate", "b", "true"),
                List.of("DefaultDependencies", "b", "false"),
                Stream.concat(
                                Stream.of("PIDs", "au", Integer.toString(pids.size())),
                                pids.stream().map(Object::toString))
                        .toList()));
        properties.addAll(told(limits));
        call("StartTransientUnit", "ssa(sv)a(sa(sv))", List.of(unit, "fail"), properties, List.of("0"));
        awaitMembers(pids);
    }

    /** Tells systemd of limits that have changed. */
    public void update(LinuxResources limits) throws InterruptedException {
        call("SetUnitProperties", "sba(sv)", List.of(unit, "true"), told(limits), List.of());
    }

    /** Properties: name, type and value, as busctl is told them. */
    static List<List<String>> told(LinuxResources limits) {
        return LimitsV2.of(limits).stream().flatMap(SystemdScope::told).toList();
    }

    private static Stream<List<String>> told(Setting setting) {
        return switch (setting.file()) {
            case "memory.max" -> Stream.of(number("MemoryMax", setting.value()));
            case "memory.low" -> Stream.of(number("MemoryLow", setting.value()));
            case "memory.swap.max" -> Stream.of(number("MemorySwapMax", setting.value()));
            case "cpu.weight" -> Stream.of(number("CPUWeight", setting.value()));
            case "pids.max" -> Stream.of(number("TasksMax", setting.value()));
            case "cpu.max" -> quota(setting.value().split(" "));
            default -> Stream.of();
        };
    }

    private static List<String> number(String name, String value) {
        return List.of(name, "t", value.equals("max") ? WITHOUT_LIMIT : value);
    }

    /** Systemd knows the time for each second, in steps of 10 ms. */
    private static Stream<List<String>> quota(String[] quotaAndPeriod) {
        long period = quotaAndPeriod.length > 1 ? Long.parseLong(quotaAndPeriod[1]) : USUAL_PERIOD_US;
        String each = quotaAndPeriod[0].equals("max")
                ? WITHOUT_LIMIT
                : Long.toString(
                        Math.ceilDiv(Long.parseLong(quotaAndPeriod[0]) * 1_000_000 / period, STEP_US) * STEP_US);
        return Stream.of(
                List.of("CPUQuotaPerSecUSec", "t", each), List.of("CPUQuotaPeriodUSec", "t", Long.toString(period)));
    }

    private void call(
            String method, String signature, List<String> first, List<List<String>> properties, List<String> last)
            throws InterruptedException {
        List<String> line = new ArrayList<>(List.of("busctl", "--quiet", "call", BUS, "/org/freedesktop/systemd1"));
        line.addAll(List.of(BUS + ".Manager", method, signature));
        line.addAll(first);
        line.add(Integer.toString(properties.size()));
        properties.forEach(property -> line.addAll(property));
        line.addAll(last);
        try {
            Process busctl = new ProcessBuilder(line).redirectErrorStream(true).start();
            busctl.getOutputStream().close();
            String said = new String(busctl.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
            if (busctl.waitFor() != 0) {
                throw failure(method + ": " + said);
            }
        } catch (IOException e) {
            throw failure("busctl: " + e.getMessage());
        }
    }

    private void awaitMembers(List<Long> pids) throws InterruptedException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        for (long pid : pids) {
            while (!isMember(pid)) {
                if (System.nanoTime() > deadline) {
                    throw failure("process %d is not in it after %d s; journalctl -u %s tells more"
                            .formatted(pid, PATIENCE.toSeconds(), unit));
                }
                Thread.sleep(PAUSE);
            }
        }
    }

    /** One that has ended was. */
    private boolean isMember(long pid) {
        try {
            return Files.readAllLines(Path.of("/proc", Long.toString(pid), "cgroup")).stream()
                    .anyMatch(line -> line.endsWith("/" + unit));
        } catch (IOException e) {
            return true;
        }
    }

    private HakoException failure(String reason) {
        return new HakoException(
                Kind.EXTERNAL, Code.UNAVAILABLE, "have systemd start or change %s: %s".formatted(unit, reason));
    }

    private static HakoException invalid(String cgroupsPath, String reason) {
        return HakoException.user(
                Code.INVALID_ARGUMENT, "invalid configuration: cgroupsPath \"%s\": %s".formatted(cgroupsPath, reason));
    }
}
