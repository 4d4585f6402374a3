package hako.image;

import hako.spec.ImageConfig;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An image in the store, for one platform. Its references are those at the time of asking.
 *
 * @param id digest of the configuration; what {@code image ls} shows, shortened
 * @param manifest digest of the manifest
 * @param references as people write them, {@code hako/busybox:latest}; the first is the one it was asked for, if any
 * @param sizeBytes of its blobs, as they were downloaded
 * @param layers the lowest first
 */
public record Image(
        Digest id, Digest manifest, List<String> references, ImageConfig config, long sizeBytes, List<Layer> layers) {

    private static final int SHORT_ID = 12;

    public Image {
        references = List.copyOf(references);
        layers = List.copyOf(layers);
    }

    /**
     * @param blob digest of the (compressed) blob
     * @param diffId digest of the uncompressed archive
     */
    public record Layer(Digest blob, Digest diffId, long sizeBytes, String mediaType) {}

    public String shortId() {
        return id.hex().substring(0, SHORT_ID);
    }

    /** RFC 3339; null where the image does not say. */
    public @Nullable String created() {
        return config.created();
    }

    public List<Digest> diffIds() {
        return layers.stream().map(Layer::diffId).toList();
    }

    /** For messages. */
    public String name() {
        return references.isEmpty() ? shortId() : references.getFirst();
    }
}
