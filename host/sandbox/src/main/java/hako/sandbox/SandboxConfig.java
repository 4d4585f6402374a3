package hako.sandbox;

import java.nio.file.Path;
import java.util.List;

/**
 * What a node decides about its sandboxes.
 *
 * @param run of this boot: sockets, mounts
 * @param state kept: records, output, writable layers
 * @param defaultVcpus without {@code --cpus}
 * @param vmProcessors every VM has so many, or more if it is asked for them; what its containers have no use for is offline
 * @param defaultMemoryBytes without {@code -m}
 * @param writable where a container's own changes to its root filesystem go
 * @param outputBytes bound of the output kept per process
 * @param pool VMs that wait for containers
 * @param poolReserveBytes with less of the host's memory available none wait
 * @param dns name servers for containers; empty: the host's
 */
public record SandboxConfig(
        Path run,
        Path state,
        int defaultVcpus,
        int vmProcessors,
        long defaultMemoryBytes,
        Writable writable,
        long outputBytes,
        int pool,
        long poolReserveBytes,
        List<String> dns) {
    /** Kinds of writable layer. */
    public enum Writable {
        /** A sparse disk of its own: as large as the host allows, not charged to the container's memory. */
        DISK,
        /** The guest's memory: faster to begin with, bounded by it. */
        MEMORY
    }
}
