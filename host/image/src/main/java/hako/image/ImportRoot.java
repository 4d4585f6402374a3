package hako.image;

import hako.spec.Descriptor;
import hako.spec.ImageConfig;
import hako.spec.ImageManifest;
import hako.spec.MediaTypes;
import hako.storage.DiskSpace;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;

/**
 * {@code image import}: an image of one layer from a root filesystem. A tarball is unpacked, with the same care as a
 * layer, and packed anew; a directory is packed as it is. Devices in {@code dev/} are left out: a container has its own.
 */
final class ImportRoot {
    /** The same tree gives the same layer. */
    private static final List<String> PACK = List.of(
            "tar",
            "--create",
            "--format=posix",
            "--pax-option=delete=atime,delete=ctime",
            "--sort=name",
            "--numeric-owner",
            "--xattrs",
            "--xattrs-include=security.capability",
            "--xattrs-include=user.*",
            "--one-file-system",
            "--exclude=./dev/*",
            "--exclude=./proc/*",
            "--exclude=./sys/*");

    private final ImageStore store;

    ImportRoot(ImageStore store) {
        this.store = store;
    }

    Image importRoot(Path source, ImageReference name, ImageConfig.Execution execution) throws IOException {
        String subject = "import image " + name.familiar();
        if (Files.isDirectory(source)) {
            return pack(source, name, execution, subject);
        }
        if (!Files.exists(source)) {
            throw ImageException.notFound(subject + ": there is no file or directory " + source);
        }
        Path unpacked = Files.createTempDirectory(store.temporary(), "import-");
        try (InputStream in = Files.newInputStream(source)) {
            new UnpackLayer(subject, unpacked, store.limits(), true, InstantSource.system()).from(in, "sha256");
            return pack(unpacked, name, execution, subject);
        } finally {
            Trees.removeLater(unpacked);
        }
    }

    private Image pack(Path directory, ImageReference name, ImageConfig.Execution execution, String subject)
            throws IOException {
        DiskSpace.require(store.temporary(), store.limits().reserveBytes(), subject);
        List<String> command = new ArrayList<>(PACK);
        command.addAll(List.of("--directory", directory.toString(), "."));
        Process tar = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.PIPE)
                .start();
        Thread.Builder.OfVirtual reader = Thread.ofVirtual().name("import-" + name.familiar());
        StringBuilder errors = new StringBuilder();
        Thread drain = reader.start(() -> errors.append(text(tar.getErrorStream())));
        Blobs.Stored layer;
        try (InputStream out = tar.getInputStream()) {
            layer = store.blobs().put(out);
            int status = tar.waitFor();
            drain.join();
            if (status != 0) {
                throw ImageException.invalid(
                        subject + ": tar: " + errors.toString().strip());
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException(subject);
        } finally {
            tar.destroyForcibly();
        }
        return add(layer, name, execution);
    }

    private Image add(Blobs.Stored layer, ImageReference name, ImageConfig.Execution execution) throws IOException {
        String now = Instant.now().truncatedTo(ChronoUnit.SECONDS).toString();
        byte[] config = new ImageConfig(
                        now,
                        null,
                        Platforms.DEFAULT.architecture(),
                        Platforms.DEFAULT.os(),
                        null,
                        execution,
                        new ImageConfig.Rootfs("layers", List.of(layer.digest().toString())),
                        List.of(new ImageConfig.History(now, "hako image import", null, null, null)))
                .toJson();
        Digest id = store.blobs().put(config);
        byte[] manifest = ImageManifest.of(
                        Descriptor.of(MediaTypes.CONFIG, id.toString(), config.length),
                        List.of(Descriptor.of(MediaTypes.LAYER, layer.digest().toString(), layer.sizeBytes())))
                .toJson();
        Digest digest = store.blobs().put(manifest);
        return store.add(Descriptor.of(MediaTypes.MANIFEST, digest.toString(), manifest.length), List.of(name));
    }

    private static String text(InputStream errors) {
        try {
            String text = new String(errors.readNBytes(4096), StandardCharsets.UTF_8);
            errors.transferTo(OutputStream.nullOutputStream());
            return text;
        } catch (IOException e) {
            return e.toString();
        }
    }
}
