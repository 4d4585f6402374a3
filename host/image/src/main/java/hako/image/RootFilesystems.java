package hako.image;

import hako.base.HakoException;
import hako.storage.DiskSpace;
import hako.storage.ErofsImage;
import hako.storage.RootFilesystem;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;

/**
 * Images made mountable: {@code layers/HEX}, each layer unpacked once and shared by all images that have it, and {@code
 * rootfs/HEX.erofs}, one disk for each stack of layers. Each is made once, under a lock of its own, in a temporary place,
 * and renamed when it is whole. Thread-safe.
 */
public final class RootFilesystems {
    private static final String TEMPORARY = ".tmp-";
    private static final String EROFS = ".erofs";

    private final Path layers;
    private final Path mountPoints;
    private final Path disks;
    private final Blobs blobs;
    private final UnpackLimits limits;
    private final Locks locks = new Locks();

    RootFilesystems(Path stateDir, Blobs blobs, UnpackLimits limits) throws IOException {
        this.layers = Files.createDirectories(stateDir.resolve("layers"));
        this.mountPoints = makeMountPoints(stateDir.resolve("mount-points"));
        this.disks = Files.createDirectories(stateDir.resolve("rootfs"));
        this.blobs = blobs;
        this.limits = limits;
        // What an earlier daemon did not finish.
        Trees.removeChildrenLater(layers, ".");
        Trees.removeChildrenLater(disks, ".");
    }

    /** Its layers as directories, the uppermost first. */
    public RootFilesystem.Layers layers(Image image) {
        List<Path> directories = new ArrayList<>();
        for (Image.Layer layer : image.layers()) {
            directories.addFirst(unpacked(image, layer));
        }
        directories.add(mountPoints);
        return new RootFilesystem.Layers(directories);
    }

    /** All of it as one read-only disk. */
    public RootFilesystem.Block block(Image image) {
        Digest chain = chain(image.diffIds());
        Path disk = disks.resolve(chain.hex() + EROFS);
        if (!Files.exists(disk)) {
            try (var _ = locks.lock(chain)) {
                if (!Files.exists(disk)) {
                    String action = "make root filesystem of image " + image.name();
                    DiskSpace.require(disks, limits.reserveBytes(), action);
                    ErofsImage.build(
                            layers(image),
                            disk,
                            UUID.nameUUIDFromBytes(chain.hex().getBytes(StandardCharsets.US_ASCII)));
                }
            } catch (IOException e) {
                throw Blobs.failure("make root filesystem of image " + image.name(), e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw interrupted(image, e);
            }
        }
        return new RootFilesystem.Block(disk);
    }

    /** Forgets what no image in {@code kept} needs. Nobody may be adding images meanwhile. */
    void retain(List<Image> kept) throws IOException {
        Set<String> keptLayers = kept.stream()
                .flatMap(i -> i.diffIds().stream())
                .map(Digest::hex)
                .collect(Collectors.toSet());
        Set<String> keptDisks =
                kept.stream().map(i -> chain(i.diffIds()).hex() + EROFS).collect(Collectors.toSet());
        removeOthers(layers, keptLayers);
        removeOthers(disks, keptDisks);
    }

    private static void removeOthers(Path directory, Set<String> kept) throws IOException {
        for (Path child : Trees.children(directory)) {
            String name = child.getFileName().toString();
            if (!kept.contains(name) && !name.startsWith(".")) {
                Trees.removeLater(child);
            }
        }
    }

    /** image-spec, config.md, Layer ChainID. */
    static Digest chain(List<Digest> diffIds) {
        Digest chain = null;
        for (Digest diffId : diffIds) {
            chain = chain == null ? diffId : Digest.sha256((chain + " " + diffId).getBytes(StandardCharsets.US_ASCII));
        }
        return chain == null ? Digest.sha256(new byte[0]) : chain;
    }

    private Path unpacked(Image image, Image.Layer layer) {
        Path directory = layers.resolve(layer.diffId().hex());
        if (Files.exists(directory)) {
            return directory;
        }
        String subject = "unpack image " + image.name();
        try (var _ = locks.lock(layer.diffId())) {
            if (!Files.exists(directory)) {
                unpack(subject, layer, directory);
            }
            return directory;
        } catch (IOException e) {
            throw Blobs.failure(subject, e);
        }
    }

    private void unpack(String subject, Image.Layer layer, Path directory) throws IOException {
        DiskSpace.require(layers, limits.reserveBytes(), subject);
        Path made = layers.resolve(TEMPORARY + layer.diffId().hex());
        Trees.removeLater(made);
        Files.createDirectory(made);
        boolean done = false;
        try (InputStream in = Files.newInputStream(blobs.path(layer.blob()))) {
            Digest diffId = new UnpackLayer(subject, made, limits, false, InstantSource.system())
                    .from(in, layer.diffId().algorithm());
            if (!diffId.equals(layer.diffId())) {
                throw ImageException.corrupt("%s: layer %s unpacks to %s, but the image says %s"
                        .formatted(subject, layer.blob(), diffId, layer.diffId()));
            }
            Trees.sync(made);
            Files.move(made, directory, StandardCopyOption.ATOMIC_MOVE);
            done = true;
        } finally {
            if (!done) {
                Trees.removeLater(made);
            }
        }
    }

    /**
     * The layer below all others: what a container has mounted over, where its image has nothing there. Made in the guest, each
     * would cost it the first writes to its root file system.
     */
    private static Path makeMountPoints(Path layer) throws IOException {
        for (String directory : List.of("dev", "etc", "proc", "sys")) {
            Files.createDirectories(layer.resolve(directory));
        }
        for (String file : List.of("hostname", "hosts", "resolv.conf")) {
            Path path = layer.resolve("etc").resolve(file);
            if (!Files.exists(path)) {
                Files.createFile(path);
                Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-r--r--"));
            }
        }
        return layer;
    }

    private static ImageException interrupted(Image image, InterruptedException e) {
        return new ImageException(
                HakoException.Kind.EXTERNAL,
                HakoException.Code.UNAVAILABLE,
                "make root filesystem of image " + image.name() + ": interrupted",
                e);
    }
}
