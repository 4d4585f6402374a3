package hako.image;

import hako.spec.Descriptor;
import hako.spec.ImageIndex;
import hako.spec.ImageManifest;
import hako.spec.MediaTypes;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** From an OCI image layout (image-spec, image-layout.md): every image that its index names. */
final class LoadLayout {
    static final String INDEX = "index.json";
    private static final int MAX_IMAGES = 1000;
    private static final int MAX_NESTING = 4;

    private final ImageStore store;
    private final ImageSource source;
    private final String name;
    private final boolean always;

    /** @param name for an image whose annotation is a mere tag or missing; for any if {@code always} */
    LoadLayout(ImageStore store, ImageSource source, String name, boolean always) {
        this.store = store;
        this.source = source;
        this.name = name;
        this.always = always;
    }

    List<Image> load() throws IOException {
        List<Descriptor> manifests = ImageIndex.fromJson(source.read(INDEX)).manifests();
        if (manifests.isEmpty() || manifests.size() > MAX_IMAGES) {
            throw ImageException.invalid("load image: the layout names " + manifests.size() + " images");
        }
        List<Image> images = new ArrayList<>();
        for (Descriptor manifest : manifests) {
            images.add(load(manifest));
        }
        return images;
    }

    private Image load(Descriptor named) throws IOException {
        ImageReference reference = reference(named);
        Descriptor descriptor = named;
        byte[] document = document(descriptor);
        for (int i = 0; Platforms.isIndex(descriptor.mediaType()); i++) {
            if (i == MAX_NESTING) {
                throw ImageException.refused("load image " + reference.familiar() + ": indexes within indexes");
            }
            descriptor = Platforms.choose(
                    ImageIndex.fromJson(document), Platforms.DEFAULT, "load image " + reference.familiar());
            document = document(descriptor);
        }
        ImageManifest manifest = ImageManifest.fromJson(document);
        store(manifest.config());
        for (Descriptor layer : manifest.layers()) {
            store(layer);
        }
        store.blobs().put(document);
        return store.add(descriptor(descriptor), List.of(reference));
    }

    /** What the store's own index keeps of it. */
    private static Descriptor descriptor(Descriptor read) {
        return new Descriptor(
                read.mediaType() == null ? MediaTypes.MANIFEST : read.mediaType(),
                read.digest(),
                read.size(),
                Map.of(),
                read.platform());
    }

    private byte[] document(Descriptor descriptor) throws IOException {
        Digest digest = Digest.of(descriptor.digest());
        byte[] content = source.read(blob(digest));
        Digest actual = Digest.of(digest.algorithm(), Blobs.updated(digest.newDigester(), content));
        if (!actual.equals(digest)) {
            throw ImageException.corrupt("load image: blob " + digest + " has the digest " + actual);
        }
        return content;
    }

    private void store(Descriptor descriptor) throws IOException {
        Digest digest = Digest.of(descriptor.digest());
        if (!store.blobs().has(digest)) {
            try (InputStream in = source.open(blob(digest))) {
                store.blobs().put(in, digest, descriptor.size());
            }
        }
    }

    private static String blob(Digest digest) {
        return "blobs/" + digest.algorithm() + "/" + digest.hex();
    }

    /** The annotation may be a whole name, or, as skopeo writes it by default, a tag only. */
    private ImageReference reference(Descriptor manifest) {
        String annotation = manifest.annotations().getOrDefault(ImageIndex.REF_NAME, "");
        if (always) {
            return ImageReference.parse(name);
        }
        if (annotation.indexOf('/') >= 0 || annotation.indexOf(':') >= 0) {
            return ImageReference.parse(annotation);
        }
        return ImageReference.parse(annotation.isEmpty() ? name : name + ":" + annotation);
    }
}
