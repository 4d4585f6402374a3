package hako.sandbox;

import hako.spec.LinuxResources;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Which sandbox a container is to live in. */
public sealed interface SandboxRequest {
    /** One of its own, as large as its limits say. */
    SandboxRequest OWN = new New(null);

    /** @param size of the whole sandbox, where the caller knows what it will hold; null: as the container's limits say */
    record New(@Nullable LinuxResources size) implements SandboxRequest {}

    /**
     * That of another container, which has not ended.
     *
     * @param containerId whose
     * @param namespaces by kind ({@code ipc}, {@code uts}, {@code pid}), the container there whose namespace it shares
     */
    record Join(String containerId, Map<String, String> namespaces) implements SandboxRequest {
        public Join {
            namespaces = Map.copyOf(namespaces);
        }
    }
}
