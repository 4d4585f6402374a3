package hako.spec;

import io.avaje.jsonb.Json;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * An image's configuration (image-spec, config.md); the digest of this document is the image's id.
 *
 * @param created RFC 3339
 */
@Json
public record ImageConfig(
        @Nullable String created,
        @Nullable String author,
        @Nullable String architecture,
        @Nullable String os,
        @Nullable String variant,
        @Nullable Execution config,
        @Nullable Rootfs rootfs,
        List<History> history) {

    public ImageConfig {
        history = Absent.list(history);
    }

    /** How to run it; the member names are Go's. The keys of {@code exposedPorts} are {@code 80/tcp}. */
    @Json
    public record Execution(
            @Json.Property("User") @Nullable String user,
            @Json.Property("ExposedPorts") Map<String, Object> exposedPorts,
            @Json.Property("Env") List<String> env,
            @Json.Property("Entrypoint") List<String> entrypoint,
            @Json.Property("Cmd") List<String> cmd,
            @Json.Property("Volumes") Map<String, Object> volumes,
            @Json.Property("WorkingDir") @Nullable String workingDir,
            @Json.Property("Labels") Map<String, String> labels,
            @Json.Property("StopSignal") @Nullable String stopSignal) {
        /** Nothing said. */
        public static final Execution NONE = command(List.of());

        public Execution {
            exposedPorts = Absent.map(exposedPorts);
            env = Absent.list(env);
            entrypoint = Absent.list(entrypoint);
            cmd = Absent.list(cmd);
            volumes = Absent.map(volumes);
            labels = Absent.map(labels);
        }

        public static Execution command(List<String> cmd) {
            return new Execution(
                    null, Map.of(), List.of(Defaults.PATH), List.of(), cmd, Map.of(), null, Map.of(), null);
        }
    }

    /** @param diffIds digests of the uncompressed layers, the lowest first */
    @Json
    public record Rootfs(
            String type, @Json.Property("diff_ids") List<String> diffIds) {
        public Rootfs {
            diffIds = Absent.list(diffIds);
        }
    }

    /** How a layer came to be. */
    @Json
    public record History(
            @Nullable String created,
            @Json.Property("created_by") @Nullable String createdBy,
            @Nullable String author,
            @Nullable String comment,
            @Json.Property("empty_layer") @Nullable Boolean emptyLayer) {}

    /** Never null. */
    public Execution execution() {
        return config == null ? Execution.NONE : config;
    }

    /** Never null. */
    public List<String> diffIds() {
        return rootfs == null ? List.of() : rootfs.diffIds();
    }

    public static ImageConfig fromJson(byte[] json) {
        return SpecJson.read(ImageConfig.class, json, "image configuration");
    }

    public byte[] toJson() {
        return SpecJson.write(ImageConfig.class, this);
    }
}
