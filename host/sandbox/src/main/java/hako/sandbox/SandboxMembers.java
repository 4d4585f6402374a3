package hako.sandbox;

import hako.spec.LinuxResources;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The containers that live in a sandbox (created, running or paused, or being made), and the memory and processors they need together. When the
 * last one has left, nobody can enter any more. Threads: any.
 */
final class SandboxMembers {
    /** A thousandth of a processor too much is none. */
    private static final double ROUNDING = 0.001;

    private final String first;
    private final boolean isSized;
    private final long defaultBytes;
    private final int defaultVcpus;

    /** @param cpus processors' worth of time; 0: what there is */
    private record Need(long bytes, double cpus) {}

    /** What each may use, by its id. Guarded by this, as all below. */
    private final Map<String, Need> needs = new HashMap<>();

    private boolean over;

    /**
     * @param first the one that the sandbox is made for
     * @param isSized the sandbox was made as large as all of them need, by whoever knows them
     */
    SandboxMembers(String first, boolean isSized, SandboxConfig config) {
        this.first = first;
        this.isSized = isSized;
        this.defaultBytes = config.defaultMemoryBytes();
        this.defaultVcpus = config.defaultVcpus();
    }

    boolean isSized() {
        return isSized;
    }

    /** False: the sandbox is over. */
    synchronized boolean enter(String id, @Nullable LinuxResources limits) {
        if (!over) {
            needs.put(id, wanted(id, limits));
        }
        return !over;
    }

    /** Whether it has lived here until now. */
    synchronized boolean leave(String id) {
        boolean lived = needs.remove(id) != null;
        over |= needs.isEmpty();
        return lived;
    }

    synchronized boolean isOver() {
        return over;
    }

    /** It has other limits now. */
    synchronized void change(String id, LinuxResources limits) {
        needs.replace(id, wanted(id, limits));
    }

    /** Of the whole VM. */
    synchronized long neededBytes() {
        return bytes(needs);
    }

    /** The same if one of them had these limits. */
    synchronized long neededBytes(String id, LinuxResources limits) {
        return bytes(with(id, limits));
    }

    /** Of the whole VM, to be online. */
    synchronized int neededProcessors() {
        return processors(needs);
    }

    /** The same if one of them had these limits. */
    synchronized int neededProcessors(String id, LinuxResources limits) {
        return processors(with(id, limits));
    }

    private Map<String, Need> with(String id, LinuxResources limits) {
        Map<String, Need> changed = new HashMap<>(needs);
        changed.put(id, wanted(id, limits));
        return changed;
    }

    private static long bytes(Map<String, Need> needs) {
        return Sizing.vmBytes(needs.values().stream().mapToLong(Need::bytes).sum());
    }

    private int processors(Map<String, Need> needs) {
        boolean unlimited = needs.values().stream().anyMatch(need -> need.cpus() == 0);
        double sum = needs.values().stream().mapToDouble(Need::cpus).sum();
        int least = unlimited ? defaultVcpus : 1;
        int most = Math.max(least, Runtime.getRuntime().availableProcessors());
        return Math.clamp((long) Math.ceil(sum - ROUNDING), least, most);
    }

    /** One without a limit has what the VM was made with. */
    private Need wanted(String id, @Nullable LinuxResources limits) {
        long otherwise = id.equals(first) ? defaultBytes : 0;
        long bytes = isSized && id.equals(first) ? 0 : Sizing.containerBytes(limits, otherwise);
        return new Need(bytes, Sizing.cpus(limits));
    }
}
