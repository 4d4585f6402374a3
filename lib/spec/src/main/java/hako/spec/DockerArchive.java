package hako.spec;

import io.avaje.jsonb.Json;
import java.util.List;
import java.util.Objects;

/** The {@code manifest.json} of what {@code docker save} writes: an array of these. Paths are members of the archive. */
@Json
public record DockerArchive(
        @Json.Property("Config") String config,
        @Json.Property("RepoTags") List<String> repoTags,
        @Json.Property("Layers") List<String> layers) {
    public static final String FILE = "manifest.json";

    public DockerArchive {
        Objects.requireNonNull(config, "Config");
        repoTags = Absent.list(repoTags);
        layers = Absent.list(layers);
    }

    public static List<DockerArchive> listFromJson(byte[] json) {
        return SpecJson.readList(DockerArchive.class, json, "docker archive manifest");
    }
}
