package hako.image;

import hako.base.HakoException;
import hako.spec.Descriptor;
import hako.spec.Descriptor.Platform;
import hako.spec.ImageConfig;
import hako.spec.ImageLayout;
import hako.spec.ImageManifest;
import hako.spec.MediaTypes;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The images of this host: {@code images/}, itself an OCI image layout that other programs can read, and what was made of
 * them for VMs ({@link RootFilesystems}). One daemon owns it; within that, thread-safe: images are added side by side,
 * garbage is collected when none is being added.
 */
public final class ImageStore {
    /** Manifests and configurations beyond this are refused (distribution-spec asks for 4 MiB at least). */
    static final int MAX_DOCUMENT_BYTES = 4 << 20;

    private static final Logger LOG = LoggerFactory.getLogger(ImageStore.class);

    /** An overlay takes 500; one is for mount points ({@link RootFilesystems}). */
    static final int MAX_LAYERS = 499;

    private static final int SHORTEST_ID = 3;

    private final Path temporary;
    private final Path partial;
    private final Blobs blobs;
    private final ReferenceIndex index;
    private final RootFilesystems roots;
    private final UnpackLimits limits;
    private final Locks locks = new Locks();

    /** Read: images are being added. Write: garbage is being collected. */
    private final ReentrantReadWriteLock adding = new ReentrantReadWriteLock();

    private final Map<String, Image> known = new ConcurrentHashMap<>();
    private volatile Supplier<Set<Digest>> inUse = Set::of;

    public ImageStore(Path stateDir) throws IOException {
        this(stateDir, UnpackLimits.DEFAULT);
    }

    /** @param stateDir made if missing: {@code /var/lib/hako} */
    public ImageStore(Path stateDir, UnpackLimits limits) throws IOException {
        this.limits = limits;
        Path images = Files.createDirectories(stateDir.resolve("images"));
        this.partial = Files.createDirectories(stateDir.resolve("partial"));
        this.temporary = stateDir.resolve("tmp");
        Trees.removeChildrenLater(Files.createDirectories(temporary), "");
        Files.createDirectories(images.resolve("blobs/sha256"));
        if (!Files.exists(images.resolve(ImageLayout.FILE))) {
            ReferenceIndex.write(
                    images.resolve(ImageLayout.FILE), ImageLayout.current().toJson());
        }
        this.blobs = new Blobs(images.resolve("blobs"), temporary);
        this.index = new ReferenceIndex(images.resolve("index.json"));
        this.roots = new RootFilesystems(stateDir, blobs, limits);
    }

    /** Asks, before images are removed, for the ids of those that containers are made of. */
    public void inUse(Supplier<Set<Digest>> ids) {
        this.inUse = ids;
    }

    public RootFilesystems rootFilesystems() {
        return roots;
    }

    /** All images with a name, in the order they came. */
    public List<Image> list() {
        return all().stream().filter(image -> !image.references().isEmpty()).toList();
    }

    /**
     * The image of this name or id (or the beginning of one, three digits at least).
     *
     * @throws ImageException NOT_FOUND, or INVALID_ARGUMENT where several match
     */
    public Image resolve(String name) {
        return find(name)
                .orElseThrow(() -> ImageException.notFound(
                        "image \"%s\" is not on this host; get it: hako image pull %s".formatted(name, name)));
    }

    public Optional<Image> find(String name) {
        Optional<ImageReference> reference = ImageReference.tryParse(name);
        Optional<Image> named = reference.flatMap(r -> index.find(r).map(d -> image(d.digest(), r)));
        if (named.isPresent()) {
            return named;
        }
        Optional<Image> byManifest = reference.filter(r -> r.digest() != null).flatMap(this::byManifest);
        return byManifest.isPresent() ? byManifest : byId(name);
    }

    /** From a directory or archive in one of the forms of {@link LoadImage}. */
    public List<Image> load(Path source) {
        return adding(() -> new LoadImage(this).load(source, null));
    }

    /** As {@link #load(Path)}, and gives {@code name} to an image that has none. */
    public List<Image> load(Path source, String name) {
        return adding(() -> new LoadImage(this).load(source, name));
    }

    /** From an archive, taken to its end. */
    public List<Image> load(InputStream archive) {
        return adding(() -> new LoadImage(this).load(archive));
    }

    /**
     * Makes an image of one layer from a directory or a tarball (gzip, zstd, xz or plain).
     *
     * @param name {@code hako/busybox}
     */
    public Image importRoot(Path source, String name, ImageConfig.Execution config) {
        ImageReference reference = ImageReference.parse(name);
        return adding(() -> new ImportRoot(this).importRoot(source, reference, config));
    }

    /** For this host's platform, nobody logged in. */
    public Image pull(String name, Progress progress) {
        return pull(ImageReference.parse(name), Platforms.DEFAULT, Credentials.NONE, RegistryOptions.DEFAULT, progress);
    }

    /** From the registry that the reference names; what is here already is not downloaded again. Blocks. */
    public Image pull(
            ImageReference reference,
            Platform platform,
            Credentials credentials,
            RegistryOptions options,
            Progress progress) {
        return adding(() -> new PullImage(this, reference, platform, progress).pull(credentials, options));
    }

    /** Gives an image one more name. */
    public Image tag(Image image, String name) {
        ImageReference reference = ImageReference.parse(name);
        return adding(() -> {
            Descriptor manifest =
                    index.descriptor(image.manifest().toString()).orElseThrow(() -> ImageException.notFound(name));
            index.put(reference, manifest);
            return image(manifest.digest(), reference);
        });
    }

    /**
     * Takes a name away, or, given an id, all names of the image; what has no name left is deleted.
     *
     * @param force even of an image that a container uses; its files stay until the next removal after the container's end
     * @return what was done, as Docker says it: {@code Untagged: NAME}, {@code Deleted: sha256:...}
     */
    public List<String> remove(String name, boolean force) {
        return new RemoveImage(this).remove(name, force);
    }

    // What the verbs of this package share.

    Blobs blobs() {
        return blobs;
    }

    ReferenceIndex index() {
        return index;
    }

    UnpackLimits limits() {
        return limits;
    }

    /** For files on the way; emptied at start. */
    Path temporary() {
        return temporary;
    }

    /** For blobs whose download was cut off. */
    Path partial() {
        return partial;
    }

    /** One download of a blob at a time. */
    Locks locks() {
        return locks;
    }

    Set<Digest> idsInUse() {
        return inUse.get();
    }

    /** Carries out what adds blobs; garbage collection waits, and follows if it was put off. */
    <T> T adding(Adding<T> work) {
        adding.readLock().lock();
        try {
            return work.run();
        } catch (IOException e) {
            throw Blobs.failure("store image", e);
        } finally {
            adding.readLock().unlock();
            collect();
        }
    }

    /** What may fail with the disk. */
    @FunctionalInterface
    interface Adding<T> {
        T run() throws IOException;
    }

    /**
     * The blobs of a manifest are here: makes it mountable, which proves its layers, and then gives it its names. To be
     * called within {@link #adding}.
     */
    Image add(Descriptor manifest, List<ImageReference> names) throws IOException {
        Image image = read(
                Digest.of(manifest.digest()),
                names.stream().map(ImageReference::familiar).toList());
        roots.block(image);
        for (ImageReference name : names) {
            index.put(name, manifest);
        }
        return image(manifest.digest(), names.isEmpty() ? null : names.getFirst());
    }

    /** Deletes what no image needs, unless one is being added. */
    void collect() {
        if (!adding.writeLock().tryLock()) {
            return;
        }
        try {
            new CollectGarbage(this).run();
        } catch (IOException e) {
            throw Blobs.failure("remove images", e);
        } finally {
            adding.writeLock().unlock();
        }
    }

    /** Nameless ones too, damaged ones not. */
    List<Image> all() {
        List<Image> images = new ArrayList<>();
        for (String digest : index.manifests().keySet()) {
            try {
                images.add(image(digest, null));
            } catch (ImageException e) {
                LOG.warn("image {} cannot be read: {}", digest, e.getMessage());
            }
        }
        return images;
    }

    private Optional<Image> byManifest(ImageReference reference) {
        return all().stream()
                .filter(image -> image.manifest().equals(reference.digest())
                        && image.references().stream()
                                .anyMatch(r ->
                                        ImageReference.parse(r).repository().equals(reference.repository())))
                .findFirst();
    }

    private Optional<Image> byId(String text) {
        String hex = text.startsWith("sha256:") ? text.substring("sha256:".length()) : text;
        if (hex.length() < SHORTEST_ID || !hex.toLowerCase(Locale.ROOT).matches("[0-9a-f]+")) {
            return Optional.empty();
        }
        List<Image> matches =
                all().stream().filter(image -> image.id().hex().startsWith(hex)).toList();
        Set<Digest> ids = new HashSet<>();
        matches.forEach(image -> ids.add(image.id()));
        if (ids.size() > 1) {
            throw ImageException.invalid(
                    "image id \"" + text + "\" is the beginning of " + ids.size() + " images' ids");
        }
        return matches.stream().findFirst();
    }

    /** With its names of now, {@code first} at the front. */
    Image image(String manifestDigest, @Nullable ImageReference first) {
        Image image = known.computeIfAbsent(manifestDigest, d -> read(Digest.of(d), List.of()));
        List<String> names = new ArrayList<>();
        index.manifests()
                .getOrDefault(manifestDigest, List.of())
                .forEach(name -> names.add(ImageReference.parse(name).familiar()));
        if (first != null && names.remove(first.familiar())) {
            names.addFirst(first.familiar());
        }
        return new Image(image.id(), image.manifest(), names, image.config(), image.sizeBytes(), image.layers());
    }

    void forget(String manifestDigest) {
        known.remove(manifestDigest);
    }

    private Image read(Digest manifestDigest, List<String> names) {
        byte[] document = blobs.read(manifestDigest, MAX_DOCUMENT_BYTES);
        ImageManifest manifest = ImageManifest.fromJson(document);
        Digest id = Digest.of(manifest.config().digest());
        byte[] configuration = blobs.read(id, MAX_DOCUMENT_BYTES);
        ImageConfig config = ImageConfig.fromJson(configuration);
        List<String> diffIds = config.diffIds();
        if (diffIds.size() != manifest.layers().size() || diffIds.size() > MAX_LAYERS) {
            throw new ImageException(
                    HakoException.Kind.EXTERNAL,
                    HakoException.Code.CORRUPT,
                    "read image %s: its manifest has %d layers and its configuration %d (at most %d)"
                            .formatted(manifestDigest, manifest.layers().size(), diffIds.size(), MAX_LAYERS));
        }
        List<Image.Layer> layers = new ArrayList<>();
        long size = document.length + configuration.length;
        for (int i = 0; i < diffIds.size(); i++) {
            Descriptor layer = manifest.layers().get(i);
            layers.add(new Image.Layer(
                    Digest.of(layer.digest()),
                    Digest.of(diffIds.get(i)),
                    layer.size(),
                    layer.mediaType() == null ? MediaTypes.LAYER : layer.mediaType()));
            size += layer.size();
        }
        return new Image(id, manifestDigest, names, config, size, layers);
    }
}
