package hako.image;

import hako.spec.Descriptor;
import hako.spec.ImageConfig;
import hako.spec.ImageIndex;
import hako.spec.ImageLayout;
import hako.spec.ImageManifest;
import hako.spec.MediaTypes;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPOutputStream;

/** An image made in memory: its blobs by digest and its manifest. */
record TestImage(Map<Digest, byte[]> blobs, byte[] manifest, List<Digest> layers) {
    static TestImage of(byte[]... layers) {
        Map<Digest, byte[]> blobs = new LinkedHashMap<>();
        List<Descriptor> descriptors = new ArrayList<>();
        List<String> diffIds = new ArrayList<>();
        List<Digest> digests = new ArrayList<>();
        for (byte[] layer : layers) {
            byte[] packed = gzip(layer);
            Digest digest = Digest.sha256(packed);
            blobs.put(digest, packed);
            digests.add(digest);
            descriptors.add(Descriptor.of(MediaTypes.LAYER_GZIP, digest.toString(), packed.length));
            diffIds.add(Digest.sha256(layer).toString());
        }
        return of(blobs, descriptors, diffIds, digests);
    }

    private static TestImage of(
            Map<Digest, byte[]> blobs, List<Descriptor> descriptors, List<String> diffIds, List<Digest> digests) {
        byte[] config = new ImageConfig(
                        "2026-01-01T00:00:00Z",
                        null,
                        "amd64",
                        "linux",
                        null,
                        ImageConfig.Execution.command(List.of("/bin/sh")),
                        new ImageConfig.Rootfs("layers", diffIds),
                        List.of())
                .toJson();
        blobs.put(Digest.sha256(config), config);
        byte[] manifest = ImageManifest.of(
                        Descriptor.of(MediaTypes.CONFIG, Digest.sha256(config).toString(), config.length), descriptors)
                .toJson();
        return new TestImage(blobs, manifest, digests);
    }

    /** The same image with another digest promised for what the first layer unpacks to. */
    TestImage withWrongDiffId() {
        ImageManifest parsed = ImageManifest.fromJson(manifest);
        Map<Digest, byte[]> kept = new LinkedHashMap<>();
        layers.forEach(layer -> kept.put(layer, blobs.get(layer)));
        List<String> diffIds = layers.stream()
                .map(l -> Digest.sha256(new byte[] {7}).toString())
                .toList();
        return of(kept, parsed.layers(), diffIds, layers);
    }

    Path layout(Path directory, String name) {
        try {
            Files.createDirectories(directory.resolve("blobs/sha256"));
            Map<Digest, byte[]> all = new LinkedHashMap<>(blobs);
            all.put(Digest.sha256(manifest), manifest);
            for (Map.Entry<Digest, byte[]> blob : all.entrySet()) {
                Files.write(
                        directory.resolve("blobs/sha256").resolve(blob.getKey().hex()), blob.getValue());
            }
            Files.write(directory.resolve("oci-layout"), ImageLayout.current().toJson());
            Descriptor descriptor = new Descriptor(
                    MediaTypes.MANIFEST,
                    Digest.sha256(manifest).toString(),
                    manifest.length,
                    Map.of(ImageIndex.REF_NAME, name),
                    null);
            Files.write(
                    directory.resolve("index.json"),
                    ImageIndex.of(List.of(descriptor)).toJson());
            return directory;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static byte[] gzip(byte[] content) {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (GZIPOutputStream out = new GZIPOutputStream(packed)) {
            out.write(content);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return packed.toByteArray();
    }
}
