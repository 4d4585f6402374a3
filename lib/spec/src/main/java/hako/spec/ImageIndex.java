package hako.spec;

import io.avaje.jsonb.Json;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Manifests by platform or by name (image-spec, image-index.md); also a layout's {@code index.json} and Docker's manifest list. */
@Json
public record ImageIndex(
        int schemaVersion, @Nullable String mediaType, List<Descriptor> manifests, Map<String, String> annotations) {

    /** A descriptor's annotation: the name it is known by in a layout (image-spec, annotations.md). */
    public static final String REF_NAME = "org.opencontainers.image.ref.name";

    public ImageIndex {
        manifests = Absent.list(manifests);
        annotations = Absent.map(annotations);
    }

    public static ImageIndex of(List<Descriptor> manifests) {
        return new ImageIndex(2, MediaTypes.INDEX, manifests, Map.of());
    }

    public static ImageIndex fromJson(byte[] json) {
        return SpecJson.read(ImageIndex.class, json, "image index");
    }

    public byte[] toJson() {
        return SpecJson.write(ImageIndex.class, this);
    }
}
