package hako.image;

import hako.base.HakoException;
import hako.spec.Descriptor;
import hako.spec.Descriptor.Platform;
import hako.spec.ImageConfig;
import hako.spec.ImageIndex;
import hako.spec.ImageManifest;
import java.io.IOException;
import java.net.ConnectException;
import java.net.http.HttpTimeoutException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;

/**
 * {@code image pull}: manifest, configuration, then the layers that are missing, a few at a time; everything is verified by
 * digest before it counts. Two pulls of one image share the blobs that either has finished.
 */
final class PullImage {
    private static final int MAX_NESTING = 4;

    private final ImageStore store;
    private final ImageReference reference;
    private final Platform platform;
    private final Progress progress;
    private final String subject;

    PullImage(ImageStore store, ImageReference reference, Platform platform, Progress progress) {
        this.store = store;
        this.reference = reference;
        this.platform = platform;
        this.progress = progress;
        this.subject = "pull image " + reference.familiar();
    }

    Image pull(Credentials credentials, RegistryOptions options) throws IOException {
        try (Registry registry = Registry.connect(reference, credentials, options)) {
            FetchManifest.Document document = manifest(registry);
            ImageManifest manifest = ImageManifest.fromJson(document.content());
            Map<Digest, Long> layers = layers(manifest);
            configuration(registry, manifest);
            download(registry, layers);
            store.blobs().put(document.content());
            manifest.layers()
                    .forEach(layer -> progress.layer(
                            Digest.of(layer.digest()), Progress.Step.UNPACKING, layer.size(), layer.size()));
            Image image = store.add(
                    new Descriptor(
                            document.mediaType(),
                            document.digest().toString(),
                            document.content().length,
                            Map.of(),
                            platform),
                    List.of(reference));
            manifest.layers()
                    .forEach(layer ->
                            progress.layer(Digest.of(layer.digest()), Progress.Step.DONE, layer.size(), layer.size()));
            return image;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ImageException(
                    HakoException.Kind.EXTERNAL, HakoException.Code.UNAVAILABLE, subject + ": interrupted", e);
        } catch (ConnectException | HttpTimeoutException e) {
            throw Registry.unreachable(reference.registry(), e);
        }
    }

    /** Through indexes to the manifest for the platform. */
    private FetchManifest.Document manifest(Registry registry) throws IOException, InterruptedException {
        FetchManifest fetch = new FetchManifest(registry);
        FetchManifest.Document document = fetch.fetch(reference.manifestName(), reference.digest(), subject);
        for (int i = 0; Platforms.isIndex(document.mediaType()); i++) {
            if (i == MAX_NESTING) {
                throw ImageException.refused(subject + ": indexes within indexes");
            }
            Descriptor chosen = Platforms.choose(ImageIndex.fromJson(document.content()), platform, subject);
            document = fetch.fetch(chosen.digest(), Digest.of(chosen.digest()), subject);
        }
        return document;
    }

    private void configuration(Registry registry, ImageManifest manifest) throws IOException, InterruptedException {
        if (manifest.config().size() > ImageStore.MAX_DOCUMENT_BYTES) {
            throw ImageException.refused(
                    subject + ": a configuration of " + manifest.config().size() + " bytes");
        }
        Digest id = Digest.of(manifest.config().digest());
        blob(registry, id, manifest.config().size(), false);
        ImageConfig config = ImageConfig.fromJson(store.blobs().read(id, ImageStore.MAX_DOCUMENT_BYTES));
        if (config.architecture() != null && !config.architecture().equals(platform.architecture())) {
            throw new ImageException(
                    HakoException.Kind.USER,
                    HakoException.Code.UNSUPPORTED,
                    "%s: it is for %s/%s, not for %s"
                            .formatted(subject, config.os(), config.architecture(), Platforms.text(platform)));
        }
    }

    /** With their sizes. All that the manifest promises is weighed before the first byte of it is fetched. */
    private Map<Digest, Long> layers(ImageManifest manifest) {
        if (manifest.layers().size() > ImageStore.MAX_LAYERS) {
            throw ImageException.refused("%s: it has %d layers; at most %d"
                    .formatted(subject, manifest.layers().size(), ImageStore.MAX_LAYERS));
        }
        long maxBytes = store.limits().maxBytes();
        long left = maxBytes;
        Map<Digest, Long> sizes = new LinkedHashMap<>();
        for (Descriptor layer : manifest.layers()) {
            if (layer.size() < 0 || layer.size() > left) {
                throw ImageException.refused(
                        "%s: its layers have more than %d MB, which is the limit".formatted(subject, maxBytes >> 20));
            }
            left -= layer.size();
            sizes.put(Digest.of(layer.digest()), layer.size());
        }
        return sizes;
    }

    /** The first failure stops the others. */
    private void download(Registry registry, Map<Digest, Long> sizes) throws IOException, InterruptedException {
        Semaphore turns = new Semaphore(Math.max(1, registry.options().parallel()), true);
        try (ExecutorService threads = Executors.newThreadPerTaskExecutor(Thread.ofVirtual()
                .name("pull-" + reference.repository() + "-", 0)
                .factory())) {
            List<Future<?>> downloads = new ArrayList<>();
            sizes.forEach((digest, size) -> downloads.add(threads.submit(() -> {
                turns.acquire();
                try {
                    blob(registry, digest, size, true);
                    return null;
                } catch (Exception e) {
                    threads.shutdownNow();
                    throw e;
                } finally {
                    turns.release();
                }
            })));
            threads.shutdown();
            await(downloads, threads);
        }
    }

    private static void await(List<Future<?>> downloads, ExecutorService threads)
            throws IOException, InterruptedException {
        Throwable failure = null;
        try {
            for (Future<?> download : downloads) {
                try {
                    download.get();
                } catch (ExecutionException e) {
                    // Those that were stopped say "interrupted": the cause is another's.
                    if (failure == null || failure instanceof InterruptedException) {
                        failure = e.getCause();
                    }
                }
            }
        } catch (InterruptedException e) {
            threads.shutdownNow();
            throw e;
        }
        switch (failure) {
            case null -> {}
            case RuntimeException e -> throw e;
            case IOException e -> throw e;
            case InterruptedException e -> throw e;
            default -> throw new IllegalStateException(failure);
        }
    }

    private void blob(Registry registry, Digest digest, long size, boolean shown)
            throws IOException, InterruptedException {
        Progress told = shown ? progress : Progress.NONE;
        try (var _ = store.locks().lock(digest)) {
            if (store.blobs().has(digest)) {
                told.layer(digest, Progress.Step.PRESENT, size, size);
                return;
            }
            told.layer(digest, Progress.Step.DOWNLOADING, 0, size);
            new FetchBlob(registry, store)
                    .fetch(digest, size, subject, n -> told.layer(digest, Progress.Step.DOWNLOADING, n, size));
            told.layer(digest, Progress.Step.DOWNLOADED, size, size);
        }
    }
}
