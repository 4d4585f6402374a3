package hako.image;

import hako.storage.DiskSpace;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;

/**
 * Content by digest: {@code blobs/ALGORITHM/HEX} of an image layout (image-spec, image-layout.md, Blobs). A blob is there
 * whole and verified or not at all: temporary file, digest, fsync, rename. Thread-safe; two writers of one blob both
 * succeed.
 */
final class Blobs {
    private static final int BUFFER_BYTES = 128 * 1024;

    private final Path directory;
    private final Path temporary;

    /** @param temporary on the same file system; emptied at start by its owner */
    Blobs(Path directory, Path temporary) {
        this.directory = directory;
        this.temporary = temporary;
    }

    Path path(Digest digest) {
        return directory.resolve(digest.algorithm()).resolve(digest.hex());
    }

    boolean has(Digest digest) {
        return Files.isRegularFile(path(digest));
    }

    /** Whole; for documents only, never for layers. */
    byte[] read(Digest digest, int maxBytes) {
        Path path = path(digest);
        try (InputStream in = Files.newInputStream(path)) {
            byte[] content = in.readNBytes(maxBytes + 1);
            if (content.length > maxBytes) {
                throw ImageException.corrupt("read blob " + digest + ": larger than " + maxBytes + " bytes");
            }
            if (!digest.equals(Digest.of(digest.algorithm(), updated(digest.newDigester(), content)))) {
                throw ImageException.corrupt("read blob " + digest
                        + ": its content has another digest; remove the image" + " and load it again");
            }
            return content;
        } catch (NoSuchFileException e) {
            throw ImageException.corrupt("read blob " + digest + ": it is not there");
        } catch (IOException e) {
            throw failure("read blob " + digest, e);
        }
    }

    Digest put(byte[] content) {
        Digest digest = Digest.sha256(content);
        if (!has(digest)) {
            put(new ByteArrayInputStream(content), digest, content.length);
        }
        return digest;
    }

    /** Takes {@code in} to its end, which must be after {@code size} bytes of this digest. */
    void put(InputStream in, Digest expected, long size) {
        Path file = newTemporary();
        try {
            MessageDigest digester = expected.newDigester();
            long written = write(in, file, digester, size);
            if (written != size) {
                throw ImageException.corrupt("store blob %s: %s of the %d bytes promised"
                        .formatted(expected, written > size ? "there are more than" : "got " + written, size));
            }
            Digest actual = Digest.of(expected.algorithm(), digester);
            if (!actual.equals(expected)) {
                throw ImageException.corrupt("store blob " + expected + ": its content has the digest " + actual);
            }
            adopt(file, expected);
        } catch (IOException e) {
            throw failure("store blob " + expected, e);
        } finally {
            deleteQuietly(file);
        }
    }

    /** Takes {@code in}, of any digest. */
    Stored put(InputStream in) {
        Path file = newTemporary();
        try {
            MessageDigest digester = Digest.newDigester("sha256");
            long written = write(in, file, digester, Long.MAX_VALUE);
            Digest digest = Digest.of("sha256", digester);
            adopt(file, digest);
            return new Stored(digest, written);
        } catch (IOException e) {
            throw failure("store blob", e);
        } finally {
            deleteQuietly(file);
        }
    }

    record Stored(Digest digest, long sizeBytes) {}

    /** A verified and synchronised file becomes the blob. */
    void adopt(Path file, Digest digest) throws IOException {
        Path target = path(digest);
        Files.createDirectories(target.getParent());
        Files.move(file, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    Path newTemporary() {
        try {
            return Files.createTempFile(temporary, "blob-", null);
        } catch (IOException e) {
            throw failure("store blob", e);
        }
    }

    List<Digest> list() throws IOException {
        List<Digest> digests = new ArrayList<>();
        for (String algorithm : List.of("sha256", "sha512")) {
            Path blobs = directory.resolve(algorithm);
            if (Files.isDirectory(blobs)) {
                try (var files = Files.list(blobs)) {
                    files.forEach(file ->
                            digests.add(new Digest(algorithm, file.getFileName().toString())));
                }
            }
        }
        return digests;
    }

    long delete(Digest digest) throws IOException {
        Path path = path(digest);
        long size = Files.exists(path) ? Files.size(path) : 0;
        Files.deleteIfExists(path);
        return size;
    }

    /** At most one buffer more than {@code limit} is written. */
    private static long write(InputStream in, Path file, MessageDigest digester, long limit) throws IOException {
        long total = 0;
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            OutputStream out = new DigestOutputStream(Channels.newOutputStream(channel), digester);
            byte[] buffer = new byte[BUFFER_BYTES];
            for (int n = in.read(buffer); n >= 0 && total <= limit; n = in.read(buffer)) {
                out.write(buffer, 0, n);
                total += n;
            }
            channel.force(true);
        }
        return total;
    }

    static MessageDigest updated(MessageDigest digester, byte[] content) {
        digester.update(content);
        return digester;
    }

    static ImageException failure(String action, IOException e) {
        return DiskSpace.isExhausted(e)
                ? ImageException.noSpace(action, e)
                : new ImageException(
                        ImageException.Kind.EXTERNAL,
                        ImageException.Code.UNAVAILABLE,
                        action + ": " + e.getMessage(),
                        e);
    }

    static void deleteQuietly(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            // The next start empties the folder.
        }
    }
}
