package hako.image;

import hako.storage.DiskSpace;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.Map;
import java.util.function.LongConsumer;

/**
 * {@code GET blobs/DIGEST} (distribution-spec, Pulling blobs), written to a file as it comes and verified on the way. A
 * download that breaks off goes on where it stopped, in this pull or the next: what is there is kept in {@code partial/}.
 */
final class FetchBlob {
    private static final int BUFFER_BYTES = 128 * 1024;

    /** A server that sends a few bytes and hangs up is not tried for ever. */
    private static final long WORTH_GOING_ON_BYTES = 256 * 1024;

    private static final long SPACE_CHECK_BYTES = 16 << 20;
    private static final int PARTIAL_CONTENT = 206;
    private static final int NOT_SATISFIABLE = 416;

    private final Registry registry;
    private final ImageStore store;

    FetchBlob(Registry registry, ImageStore store) {
        this.registry = registry;
        this.store = store;
    }

    /** @param progress bytes that are here so far */
    void fetch(Digest digest, long size, String subject, LongConsumer progress)
            throws IOException, InterruptedException {
        Path file = store.partial().resolve(digest.algorithm() + "-" + digest.hex());
        Hashed hashed = resume(file, digest, size);
        int idle = 0;
        while (hashed.length < size) {
            long before = hashed.length;
            DiskSpace.require(store.partial(), store.limits().reserveBytes(), subject);
            try {
                download(file, digest, size, hashed, subject, progress);
            } catch (IOException e) {
                if (DiskSpace.isExhausted(e)) {
                    Files.deleteIfExists(file);
                    throw ImageException.noSpace(subject, e);
                }
                idle = hashed.length - before >= WORTH_GOING_ON_BYTES ? 0 : idle + 1;
                if (idle > registry.options().retries()) {
                    throw Registry.unreachable(registry.name(), e);
                }
                Thread.sleep(Duration.ofMillis(200L << idle));
            }
        }
        verify(file, digest, size, hashed, subject);
    }

    /** How much is there, and its digest so far. */
    private static final class Hashed {
        private final MessageDigest digester;
        private long length;

        Hashed(MessageDigest digester) {
            this.digester = digester;
        }

        void reset() {
            digester.reset();
            length = 0;
        }

        void add(byte[] bytes, int n) {
            digester.update(bytes, 0, n);
            length += n;
        }
    }

    private static Hashed resume(Path file, Digest digest, long size) throws IOException {
        Hashed hashed = new Hashed(digest.newDigester());
        if (!Files.exists(file)) {
            return hashed;
        }
        if (Files.size(file) > size) {
            Files.delete(file);
            return hashed;
        }
        byte[] buffer = new byte[BUFFER_BYTES];
        try (InputStream in = Files.newInputStream(file)) {
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                hashed.add(buffer, n);
            }
        }
        return hashed;
    }

    private void download(Path file, Digest digest, long size, Hashed hashed, String subject, LongConsumer progress)
            throws IOException, InterruptedException {
        long from = hashed.length;
        Map<String, String> range = from == 0 ? Map.of() : Map.of("Range", "bytes=" + from + "-");
        HttpResponse<InputStream> response = registry.get("blobs/" + digest, range);
        boolean goesOn = response.statusCode() == PARTIAL_CONTENT
                && response.headers()
                        .firstValue("Content-Range")
                        .filter(value -> value.startsWith("bytes " + from + "-"))
                        .isPresent();
        if (!goesOn) {
            hashed.reset();
        }
        try (InputStream body = response.body();
                FileChannel out = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            if (response.statusCode() == 404) {
                throw ImageException.corrupt(subject + ": the registry does not have blob " + digest);
            }
            out.truncate(hashed.length);
            if (response.statusCode() == NOT_SATISFIABLE || response.statusCode() == PARTIAL_CONTENT && !goesOn) {
                throw new IOException("the registry does not continue as asked");
            }
            try (StallGuard guard = new StallGuard(body, registry.options().stallTimeout())) {
                copy(body, out, hashed, size, digest, subject, progress, guard);
            }
        }
    }

    private void copy(
            InputStream body,
            FileChannel out,
            Hashed hashed,
            long size,
            Digest digest,
            String subject,
            LongConsumer progress,
            StallGuard guard)
            throws IOException {
        byte[] buffer = new byte[BUFFER_BYTES];
        out.position(hashed.length);
        for (int n = body.read(buffer); n >= 0; n = body.read(buffer)) {
            guard.advanced(n);
            checkSpace(hashed.length, n, subject);
            if (hashed.length + n > size) {
                throw ImageException.corrupt("%s: blob %s is longer than the %d bytes that the manifest says"
                        .formatted(subject, digest, size));
            }
            ByteBuffer bytes = ByteBuffer.wrap(buffer, 0, n);
            while (bytes.hasRemaining()) {
                out.write(bytes);
            }
            hashed.add(buffer, n);
            progress.accept(hashed.length);
        }
        if (hashed.length < size) {
            throw new IOException("the connection ended after " + hashed.length + " of " + size + " bytes");
        }
        out.force(true);
    }

    private void checkSpace(long length, int more, String subject) throws IOException {
        if (length / SPACE_CHECK_BYTES != (length + more) / SPACE_CHECK_BYTES) {
            DiskSpace.require(store.partial(), store.limits().reserveBytes(), subject);
        }
    }

    private void verify(Path file, Digest digest, long size, Hashed hashed, String subject) throws IOException {
        Digest actual = Digest.of(digest.algorithm(), hashed.digester);
        if (!actual.equals(digest) || hashed.length != size) {
            Files.deleteIfExists(file);
            throw ImageException.corrupt("%s: blob %s has the digest %s".formatted(subject, digest, actual));
        }
        if (size == 0 && !Files.exists(file)) {
            Files.createFile(file);
        }
        store.blobs().adopt(file, digest);
    }
}
