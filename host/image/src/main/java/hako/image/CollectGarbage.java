package hako.image;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Deletes nameless images that no container uses, and blobs, layers and disks that no image needs. */
final class CollectGarbage {
    /** How long the beginning of a blob waits for its download to be taken up again. */
    private static final Duration PARTIAL_AGE = Duration.ofDays(2);

    /** What all beginnings together may take; the oldest go first. */
    private static final long MAX_PARTIAL_BYTES = 8L << 30;

    private final ImageStore store;

    CollectGarbage(ImageStore store) {
        this.store = store;
    }

    void run() throws IOException {
        Set<Digest> used = store.idsInUse();
        List<Image> kept = new ArrayList<>();
        for (Image image : store.all()) {
            if (image.references().isEmpty() && !used.contains(image.id())) {
                store.index().forget(image.manifest().toString());
                store.forget(image.manifest().toString());
            } else {
                kept.add(image);
            }
        }
        Set<Digest> needed = new HashSet<>();
        for (Image image : kept) {
            needed.add(image.manifest());
            needed.add(image.id());
            image.layers().forEach(layer -> needed.add(layer.blob()));
        }
        for (Digest blob : store.blobs().list()) {
            if (!needed.contains(blob)) {
                store.blobs().delete(blob);
            }
        }
        store.rootFilesystems().retain(kept);
        removeOldPartial();
    }

    private void removeOldPartial() throws IOException {
        FileTime oldest = FileTime.from(Instant.now().minus(PARTIAL_AGE));
        Map<Path, FileTime> times = new HashMap<>();
        for (Path file : Trees.children(store.partial())) {
            times.put(file, Files.getLastModifiedTime(file));
        }
        List<Path> newestFirst = times.keySet().stream()
                .sorted(Comparator.comparing(times::get).reversed())
                .toList();
        long total = 0;
        for (Path file : newestFirst) {
            total += Files.size(file);
            if (times.get(file).compareTo(oldest) < 0 || total > MAX_PARTIAL_BYTES) {
                Files.deleteIfExists(file);
            }
        }
    }
}
