package hako.image;

import hako.spec.Descriptor;
import hako.spec.DockerArchive;
import hako.spec.ImageConfig;
import hako.spec.ImageManifest;
import hako.spec.MediaTypes;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * From what {@code docker save} and {@code skopeo copy ... docker-archive:} write: {@code manifest.json} names each
 * image's configuration and layers by their place in the archive. Digests of blobs are not given there; that the layers
 * are the configuration's is proved when they are unpacked.
 */
final class LoadDockerArchive {
    private final ImageStore store;
    private final ImageSource source;
    private final String name;
    private final boolean always;

    /** @param name for an image without tags; for any if {@code always} */
    LoadDockerArchive(ImageStore store, ImageSource source, String name, boolean always) {
        this.store = store;
        this.source = source;
        this.name = name;
        this.always = always;
    }

    List<Image> load() throws IOException {
        List<Image> images = new ArrayList<>();
        for (DockerArchive image : DockerArchive.listFromJson(source.read(DockerArchive.FILE))) {
            images.add(load(image));
        }
        if (images.isEmpty()) {
            throw ImageException.invalid("load image: the archive names no image");
        }
        return images;
    }

    private Image load(DockerArchive archive) throws IOException {
        byte[] configuration = source.read(archive.config());
        // Read now, so that nonsense is found before gigabytes are copied.
        ImageConfig config = ImageConfig.fromJson(configuration);
        if (config.diffIds().size() != archive.layers().size()) {
            throw ImageException.corrupt("load image: the archive has %d layers and the configuration %d"
                    .formatted(archive.layers().size(), config.diffIds().size()));
        }
        List<Descriptor> layers = new ArrayList<>();
        for (int i = 0; i < archive.layers().size(); i++) {
            layers.add(layer(archive.layers().get(i), config.diffIds().get(i)));
        }
        Digest id = store.blobs().put(configuration);
        byte[] manifest = ImageManifest.of(
                        Descriptor.of(MediaTypes.CONFIG, id.toString(), configuration.length), layers)
                .toJson();
        Digest digest = store.blobs().put(manifest);
        List<String> tags = always || archive.repoTags().isEmpty() ? List.of(name) : archive.repoTags();
        return store.add(
                Descriptor.of(MediaTypes.MANIFEST, digest.toString(), manifest.length),
                tags.stream().map(ImageReference::parse).toList());
    }

    private Descriptor layer(String member, String diffId) throws IOException {
        try (BufferedInputStream in = new BufferedInputStream(source.open(member))) {
            String mediaType = switch (Compression.of(in)) {
                case GZIP -> MediaTypes.LAYER_GZIP;
                case ZSTD -> MediaTypes.LAYER_ZSTD;
                case NONE -> MediaTypes.LAYER;
                case XZ -> throw ImageException.refused("load image: layer \"" + member + "\" is packed with xz");
            };
            Blobs.Stored stored = store.blobs().put(in);
            if (mediaType.equals(MediaTypes.LAYER)
                    && !stored.digest().toString().equals(diffId)) {
                throw ImageException.corrupt("load image: layer \"%s\" has the digest %s, but the configuration says %s"
                        .formatted(member, stored.digest(), diffId));
            }
            return Descriptor.of(mediaType, stored.digest().toString(), stored.sizeBytes());
        }
    }
}
