package hako.spec;

import io.avaje.jsonb.Json;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** One image for one platform: its configuration and its layers, the lowest first (image-spec, manifest.md). */
@Json
public record ImageManifest(
        int schemaVersion,
        @Nullable String mediaType,
        Descriptor config,
        List<Descriptor> layers,
        Map<String, String> annotations) {

    public ImageManifest {
        Objects.requireNonNull(config, "config");
        layers = Absent.list(layers);
        annotations = Absent.map(annotations);
    }

    public static ImageManifest of(Descriptor config, List<Descriptor> layers) {
        return new ImageManifest(2, MediaTypes.MANIFEST, config, layers, Map.of());
    }

    public static ImageManifest fromJson(byte[] json) {
        return SpecJson.read(ImageManifest.class, json, "image manifest");
    }

    public byte[] toJson() {
        return SpecJson.write(ImageManifest.class, this);
    }
}
