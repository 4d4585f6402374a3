package hako.sandbox;

import hako.network.Endpoint;
import hako.network.WiredNamespace;
import hako.vm.VmRecord;
import io.avaje.jsonb.Json;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A sandbox as its checkpoint keeps it.
 *
 * @param vm absent until the VMM has been started
 * @param endpoint absent without a network
 * @param namespace whose links it has; absent: of none
 */
@Json
public record SandboxRecord(
        int version,
        String id,
        Instant createdAt,
        @Nullable VmRecord vm,
        @Nullable Endpoint endpoint,
        @Nullable WiredNamespace namespace) {
    static final int VERSION = 1;
}
