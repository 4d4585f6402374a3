package hako.spec;

import io.avaje.jsonb.Json;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * Points at a blob by its digest (image-spec, descriptor.md). What was read is not validated here: the digest is text.
 *
 * @param size bytes
 */
@Json
public record Descriptor(
        @Nullable String mediaType,
        String digest,
        long size,
        Map<String, String> annotations,
        @Nullable Platform platform) {

    public Descriptor {
        Objects.requireNonNull(digest, "digest");
        annotations = Absent.map(annotations);
    }

    public static Descriptor of(String mediaType, String digest, long size) {
        return new Descriptor(mediaType, digest, size, Map.of(), null);
    }

    /** What an image runs on (image-spec, image-index.md): Go's names, {@code linux}, {@code amd64}. */
    @Json
    public record Platform(
            String architecture, String os, @Nullable String variant) {}
}
