package hako.image;

import hako.spec.Descriptor;
import hako.spec.ImageIndex;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The layout's {@code index.json}: which name is which manifest (image-spec, image-layout.md). A name is one descriptor
 * with the annotation {@code org.opencontainers.image.ref.name}; an image that has lost its last name but is still used
 * by a container keeps a descriptor without. Written anew, synchronised and renamed at each change. Thread-safe.
 */
final class ReferenceIndex {
    private final Path file;

    /** Guards {@link #names} and {@link #nameless}, and the file. */
    private final ReentrantLock lock = new ReentrantLock();

    private final Map<String, Descriptor> names = new LinkedHashMap<>();
    private final Map<String, Descriptor> nameless = new LinkedHashMap<>();

    ReferenceIndex(Path file) throws IOException {
        this.file = file;
        if (Files.exists(file)) {
            for (Descriptor descriptor :
                    ImageIndex.fromJson(Files.readAllBytes(file)).manifests()) {
                String name = descriptor.annotations().get(ImageIndex.REF_NAME);
                if (name == null) {
                    nameless.put(descriptor.digest(), descriptor);
                } else {
                    names.put(name, descriptor);
                }
            }
        } else {
            save();
        }
    }

    Optional<Descriptor> find(ImageReference reference) {
        lock.lock();
        try {
            return Optional.ofNullable(names.get(reference.toString()));
        } finally {
            lock.unlock();
        }
    }

    /** Names by manifest digest, in the order they were given; a nameless one has none. */
    Map<String, List<String>> manifests() {
        lock.lock();
        try {
            Map<String, List<String>> manifests = new LinkedHashMap<>();
            names.forEach((name, descriptor) -> manifests
                    .computeIfAbsent(descriptor.digest(), d -> new ArrayList<>())
                    .add(name));
            nameless.keySet().forEach(digest -> manifests.putIfAbsent(digest, new ArrayList<>()));
            return manifests;
        } finally {
            lock.unlock();
        }
    }

    Optional<Descriptor> descriptor(String manifestDigest) {
        lock.lock();
        try {
            return Stream.concat(names.values().stream(), nameless.values().stream())
                    .filter(d -> d.digest().equals(manifestDigest))
                    .findFirst();
        } finally {
            lock.unlock();
        }
    }

    /** Gives the name to this manifest; what had it before becomes nameless if it has no other. */
    void put(ImageReference reference, Descriptor manifest) throws IOException {
        lock.lock();
        try {
            Map<String, String> annotations = new LinkedHashMap<>(manifest.annotations());
            annotations.put(ImageIndex.REF_NAME, reference.toString());
            Descriptor named = new Descriptor(
                    manifest.mediaType(), manifest.digest(), manifest.size(), annotations, manifest.platform());
            Descriptor before = names.put(reference.toString(), named);
            nameless.remove(manifest.digest());
            keepNameless(before);
            save();
        } finally {
            lock.unlock();
        }
    }

    void remove(String name) throws IOException {
        lock.lock();
        try {
            keepNameless(names.remove(name));
            save();
        } finally {
            lock.unlock();
        }
    }

    /** Forgets a manifest that has no name. */
    void forget(String manifestDigest) throws IOException {
        lock.lock();
        try {
            if (nameless.remove(manifestDigest) != null) {
                save();
            }
        } finally {
            lock.unlock();
        }
    }

    private void keepNameless(@Nullable Descriptor before) {
        if (before != null && names.values().stream().noneMatch(d -> d.digest().equals(before.digest()))) {
            nameless.put(
                    before.digest(), Descriptor.of(String.valueOf(before.mediaType()), before.digest(), before.size()));
        }
    }

    private void save() throws IOException {
        List<Descriptor> all = new ArrayList<>(names.values());
        all.addAll(nameless.values());
        write(file, ImageIndex.of(all).toJson());
    }

    static void write(Path file, byte[] content) throws IOException {
        Path made = file.resolveSibling(file.getFileName() + ".tmp");
        try (FileChannel channel = FileChannel.open(
                made, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING)) {
            ByteBuffer bytes = ByteBuffer.wrap(content);
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            channel.force(true);
        } catch (IOException e) {
            Blobs.deleteQuietly(made);
            throw e;
        }
        Files.move(made, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }
}
