package hako.spec;

import io.avaje.jsonb.Json;
import java.nio.charset.StandardCharsets;

/**
 * What all containers of a pod may use together, as the kubelet tells it and CRI-O writes it into an annotation (runtime.v1, {@code
 * LinuxContainerResources}). 0: not known.
 */
@Json(naming = Json.Naming.LowerUnderscore)
public record PodResources(long memoryLimitInBytes, long cpuQuota, long cpuPeriod) {

    /** @throws hako.base.HakoException it is none */
    public static PodResources fromJson(String json) {
        return SpecJson.read(PodResources.class, json.getBytes(StandardCharsets.UTF_8), "resources of the pod");
    }
}
