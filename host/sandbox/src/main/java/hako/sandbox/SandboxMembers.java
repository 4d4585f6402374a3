package hako.sandbox;

import hako.spec.LinuxResources;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The containers that live in a sandbox (created, running or paused, or being made), and the memory they need together. When the
 * last one has left, nobody can enter any more. Threads: any.
 */
final class SandboxMembers {
    private final String first;
    private final boolean isSized;
    private final long defaultBytes;

    /** What each may use, by its id. Guarded by this, as all below. */
    private final Map<String, Long> bytes = new HashMap<>();

    private boolean over;

    /**
     * @param first the one that the sandbox is made for
     * @param isSized the sandbox was made as large as all of them need, by whoever knows them
     */
    SandboxMembers(String first, boolean isSized, SandboxConfig config) {
        this.first = first;
        this.isSized = isSized;
        this.defaultBytes = config.defaultMemoryBytes();
    }

    boolean isSized() {
        return isSized;
    }

    /** False: the sandbox is over. */
    synchronized boolean enter(String id, @Nullable LinuxResources limits) {
        if (!over) {
            bytes.put(id, wanted(id, limits));
        }
        return !over;
    }

    /** Whether it has lived here until now. */
    synchronized boolean leave(String id) {
        boolean lived = bytes.remove(id) != null;
        over |= bytes.isEmpty();
        return lived;
    }

    synchronized boolean isOver() {
        return over;
    }

    /** It has other limits now. */
    synchronized void change(String id, LinuxResources limits) {
        bytes.replace(id, wanted(id, limits));
    }

    /** Of the whole VM. */
    synchronized long neededBytes() {
        return Sizing.vmBytes(sum());
    }

    /** The same if one of them had these limits. */
    synchronized long neededBytes(String id, LinuxResources limits) {
        return Sizing.vmBytes(sum() - bytes.getOrDefault(id, 0L) + wanted(id, limits));
    }

    private long sum() {
        return bytes.values().stream().mapToLong(Long::longValue).sum();
    }

    /** One without a limit has what the VM was made with. */
    private long wanted(String id, @Nullable LinuxResources limits) {
        long otherwise = id.equals(first) ? defaultBytes : 0;
        return isSized && id.equals(first) ? 0 : Sizing.containerBytes(limits, otherwise);
    }
}
