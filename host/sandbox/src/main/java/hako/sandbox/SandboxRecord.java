package hako.sandbox;

import hako.network.Endpoint;
import hako.network.WiredNamespace;
import hako.vm.VmRecord;
import io.avaje.jsonb.Json;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A sandbox as its checkpoint keeps it.
 *
 * @param vm absent until the VMM has been started
 * @param endpoint absent without a network
 * @param namespace whose links it has; absent: of none
 * @param shared what lies in its shared folder
 * @param isSized see {@link SandboxMembers}
 */
@Json
public record SandboxRecord(
        int version,
        String id,
        Instant createdAt,
        @Nullable VmRecord vm,
        @Nullable Endpoint endpoint,
        @Nullable WiredNamespace namespace,
        List<SharedEntry> shared,
        boolean isSized) {
    static final int VERSION = 1;

    public SandboxRecord {
        shared = shared == null ? List.of() : List.copyOf(shared);
    }

    static SandboxRecord withoutVm(String id, Instant createdAt) {
        return new SandboxRecord(VERSION, id, createdAt, null, null, null, List.of(), false);
    }
}
