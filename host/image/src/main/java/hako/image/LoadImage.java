package hako.image;

import hako.spec.DockerArchive;
import hako.spec.ImageLayout;
import hako.storage.DiskSpace;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * {@code image load}: from an OCI image layout (a directory, or a tar of it) or a docker archive (what {@code docker save}
 * writes), plain or compressed. Which of them it is, is seen from the content.
 */
final class LoadImage {
    private static final int BUFFER_BYTES = 1 << 20;
    private static final String MANIFEST = DockerArchive.FILE;

    private final ImageStore store;

    LoadImage(ImageStore store) {
        this.store = store;
    }

    List<Image> load(Path source, @Nullable String name) throws IOException {
        if (Files.isDirectory(source)) {
            try (ImageSource.Directory directory = new ImageSource.Directory(source)) {
                return load(directory, source.toString(), name == null ? fileName(source) : name, name != null);
            }
        }
        if (!Files.exists(source)) {
            throw ImageException.notFound("load image: there is no file " + source);
        }
        try (BufferedInputStream in = new BufferedInputStream(Files.newInputStream(source))) {
            if (Compression.of(in) != Compression.NONE) {
                return load(in, source.toString(), name == null ? fileName(source) : name, name != null);
            }
        }
        try (ArchiveSource archive = new ArchiveSource(source)) {
            return load(archive, source.toString(), name == null ? fileName(source) : name, name != null);
        }
    }

    List<Image> load(InputStream archive) throws IOException {
        return load(archive, "standard input", "loaded", false);
    }

    /** Members may come in any order, so a stream is written to a file first. */
    private List<Image> load(InputStream packed, String from, String name, boolean always) throws IOException {
        Path file = store.blobs().newTemporary();
        try (InputStream in = Compression.unpacked(packed)) {
            copy(in, file, from);
            try (ArchiveSource archive = new ArchiveSource(file)) {
                return load(archive, from, name, always);
            }
        } finally {
            Blobs.deleteQuietly(file);
        }
    }

    private List<Image> load(ImageSource source, String from, String name, boolean always) throws IOException {
        if (source.has(ImageLayout.FILE) && source.has(LoadLayout.INDEX)) {
            return new LoadLayout(store, source, name, always).load();
        }
        if (source.has(MANIFEST)) {
            return new LoadDockerArchive(store, source, name, always).load();
        }
        throw ImageException.invalid(
                "load image from " + from + ": it is neither an OCI image layout nor a docker archive;"
                        + " for a root filesystem use: hako image import");
    }

    private void copy(InputStream in, Path file, String from) throws IOException {
        byte[] buffer = new byte[BUFFER_BYTES];
        long total = 0;
        try (OutputStream out = Files.newOutputStream(file)) {
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                total += n;
                if (total > store.limits().maxBytes()) {
                    throw ImageException.refused("load image from %s: it unpacks to more than %d MB, which is the limit"
                            .formatted(from, store.limits().maxBytes() >> 20));
                }
                DiskSpace.require(file.getParent(), store.limits().reserveBytes(), "load image from " + from);
                out.write(buffer, 0, n);
            }
        }
    }

    /** {@code web-1.2.tar.gz} is called {@code web-1.2} for want of a better name. */
    private static String fileName(Path source) {
        String name = String.valueOf(source.toAbsolutePath().normalize().getFileName())
                .toLowerCase(Locale.ROOT)
                .replaceFirst("\\.(tar|tgz|tar\\.(gz|zst|xz))$", "")
                .replaceAll("[^a-z0-9]+", "-")
                .replaceAll("^-|-$", "");
        return name.isEmpty() ? "loaded" : name;
    }
}
