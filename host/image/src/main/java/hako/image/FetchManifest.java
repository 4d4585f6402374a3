package hako.image;

import hako.base.HakoException;
import hako.spec.MediaTypes;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** {@code GET manifests/REFERENCE} (distribution-spec, Pulling manifests): a document, verified by digest where one is known. */
final class FetchManifest {
    private static final String ACCEPT = String.join(
            ", ",
            List.of(
                    MediaTypes.INDEX,
                    MediaTypes.MANIFEST,
                    MediaTypes.DOCKER_MANIFEST_LIST,
                    MediaTypes.DOCKER_MANIFEST));

    private final Registry registry;

    FetchManifest(Registry registry) {
        this.registry = registry;
    }

    /** A manifest or an index. */
    record Document(String mediaType, Digest digest, byte[] content) {}

    /** @param reference tag or digest */
    Document fetch(String reference, @Nullable Digest expected, String subject)
            throws IOException, InterruptedException {
        HttpResponse<InputStream> response = registry.get("manifests/" + reference, Map.of("Accept", ACCEPT));
        if (response.statusCode() / 100 != 2) {
            response.body().close();
            throw ImageException.notFound("%s: registry %s has no %s in %s"
                    .formatted(subject, registry.name(), reference, registry.repository()));
        }
        byte[] content = registry.document(response, ImageStore.MAX_DOCUMENT_BYTES + 1);
        if (content.length > ImageStore.MAX_DOCUMENT_BYTES) {
            throw ImageException.refused(
                    subject + ": a manifest larger than " + ImageStore.MAX_DOCUMENT_BYTES + " bytes");
        }
        String algorithm = expected == null ? "sha256" : expected.algorithm();
        Digest digest = Digest.of(algorithm, Blobs.updated(Digest.newDigester(algorithm), content));
        if (expected != null && !digest.equals(expected)) {
            throw ImageException.corrupt("%s: the manifest %s has the digest %s".formatted(subject, expected, digest));
        }
        return new Document(mediaType(response, subject), digest, content);
    }

    private static String mediaType(HttpResponse<?> response, String subject) {
        String type = response.headers()
                .firstValue("Content-Type")
                .orElse("")
                .replaceFirst(";.*", "")
                .strip();
        return switch (type) {
            case MediaTypes.INDEX, MediaTypes.MANIFEST, MediaTypes.DOCKER_MANIFEST_LIST, MediaTypes.DOCKER_MANIFEST ->
                type;
            default ->
                throw new ImageException(
                        HakoException.Kind.EXTERNAL,
                        HakoException.Code.UNSUPPORTED,
                        "%s: the manifest is of type \"%s\", which is none of OCI's or Docker's (schema 2)"
                                .formatted(subject, type.replaceAll("[^ -~]", "?")));
        };
    }
}
