package hako.image;

import hako.base.HakoException;
import hako.linux.Errno;
import hako.linux.Fd;
import hako.linux.Io;
import hako.linux.LinuxException;
import hako.linux.SafePath;
import hako.storage.DiskSpace;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Unpacks one layer into an empty directory, in the form of overlayfs (image-spec, layer.md): whiteouts become character
 * devices 0:0, opaque directories get {@code trusted.overlay.opaque}. Used once, by one thread; after a failure the
 * directory is the caller's to remove.
 *
 * <p>The archive is hostile. Names with {@code ..} are refused, a leading slash is dropped; links are followed only
 * within the root ({@link SafePath}); device nodes are refused; sizes, entries and ratio are bounded by
 * {@link UnpackLimits}, time and memory as well.
 */
final class UnpackLayer {
    private static final String WHITEOUT = ".wh.";
    private static final String OPAQUE = ".wh..wh..opq";
    private static final String OTHER_MARK = ".wh..wh.";
    private static final int BUFFER_BYTES = 64 * 1024;
    private static final long SPACE_CHECK_BYTES = 16 << 20;

    /** What is remembered of a layer to its end: 100,000 directories whose names have a hundred bytes. */
    private static final int MAX_KEPT_BYTES = 16 << 20;

    /** An object, its array and their place in a collection. */
    private static final int KEPT_OVERHEAD_BYTES = 72;

    private static final int DIRECTORY_MODE = 0755;
    private static final byte[] YES = {'y'};

    private final String subject;
    private final Path target;
    private final UnpackLimits limits;
    private final boolean skipStandardDevices;

    /** A directory, or a link to one, that is there: where the last entry went. */
    private String parent = "";

    private final Set<String> whiteouts = new HashSet<>();
    private final List<Directory> directories = new ArrayList<>();
    private final byte[] buffer = new byte[BUFFER_BYTES];
    private final InstantSource clock;
    private long entries;
    private int keptBytes;
    private long bytes;
    private long bytesAtSpaceCheck;

    /**
     * @param subject for messages: {@code "unpack image hako/busybox"}
     * @param skipStandardDevices leave out devices in {@code dev/}, where a root filesystem made on a running system has
     *     them and a container gets its own
     */
    UnpackLayer(String subject, Path target, UnpackLimits limits, boolean skipStandardDevices, InstantSource clock) {
        this.subject = subject;
        this.target = target;
        this.limits = limits;
        this.skipStandardDevices = skipStandardDevices;
        this.clock = clock;
    }

    /** What it shall look like when everything is in it. */
    private record Directory(byte[] path, int uid, int gid, int mode, Instant modified) {}

    /** @return the digest of the uncompressed archive */
    Digest from(InputStream packed, String algorithm) {
        MessageDigest digester = Digest.newDigester(algorithm);
        RatioGuard guard = new RatioGuard(limits, subject, clock);
        try (InputStream unpacked = Compression.unpacked(guard.packed(packed));
                SafePath root = SafePath.of(target)) {
            bytesAtSpaceCheck = 0;
            InputStream bounded = guard.unpacked(new DigestInputStream(unpacked, digester));
            TarReader reader = new TarReader(bounded);
            for (TarEntry entry = reader.next(); entry != null; entry = reader.next()) {
                count(1);
                add(root, entry, reader);
            }
            // What follows the end mark belongs to the digest.
            bounded.transferTo(OutputStream.nullOutputStream());
            finishDirectories(root);
            return Digest.of(algorithm, digester);
        } catch (IOException e) {
            if (DiskSpace.isExhausted(e)) {
                throw ImageException.noSpace(subject, e);
            }
            throw new ImageException(
                    HakoException.Kind.EXTERNAL,
                    HakoException.Code.CORRUPT,
                    subject + ": the layer's compressed data is damaged: " + e.getMessage(),
                    e);
        } catch (LinuxException e) {
            throw e.code() == HakoException.Code.NO_SPACE ? ImageException.noSpace(subject, e) : e;
        }
    }

    private void count(int more) {
        entries += more;
        if (entries > limits.maxEntries()) {
            throw ImageException.refused(subject + ": more than " + limits.maxEntries() + " entries in a layer");
        }
    }

    private void add(SafePath root, TarEntry entry, TarReader reader) throws IOException {
        String path = clean(entry.name(), entry);
        String name = path.substring(path.lastIndexOf('/') + 1);
        if (entry.isDevice()) {
            if (skipStandardDevices && path.startsWith("dev/")) {
                return;
            }
            throw refused(entry, "is a device node, which no container may bring along");
        }
        if (name.startsWith(WHITEOUT)) {
            mark(root, path, name, entry);
            return;
        }
        try {
            place(root, path, entry, reader);
        } catch (LinuxException e) {
            if (e.code() == HakoException.Code.NO_SPACE) {
                throw e;
            }
            throw new ImageException(
                    HakoException.Kind.USER,
                    HakoException.Code.UNSUPPORTED,
                    "%s: entry \"%s\": %s".formatted(subject, entry.name(), e.getMessage()),
                    e);
        }
    }

    private void place(SafePath root, String path, TarEntry entry, TarReader reader) throws IOException {
        if (path.isEmpty()) {
            rootAttributes(entry);
            keep(path, entry);
            return;
        }
        makeParents(root, path);
        boolean covered = whiteouts.remove(path);
        try {
            create(root, path, entry, reader, covered);
        } catch (LinuxException e) {
            if (e.errno() != Errno.EEXIST) {
                throw e;
            }
            // A later entry replaces an earlier one; nothing of its data has been read yet.
            root.remove(path);
            parent = "";
            create(root, path, entry, reader, covered);
        }
        if (entry.type() != TarEntry.Type.HARD_LINK) { // whose attributes are those of the file it names
            root.attributes(path, entry.uid(), entry.gid(), entry.mode(), entry.modified());
            attributes(root, path, entry);
        }
    }

    private void create(SafePath root, String path, TarEntry entry, TarReader reader, boolean covered)
            throws IOException {
        switch (entry.type()) {
            case DIRECTORY -> {
                if (covered || !root.isDirectory(path)) {
                    root.createDirectory(path, DIRECTORY_MODE);
                }
                if (covered) {
                    root.extendedAttribute(path, "trusted.overlay.opaque", YES);
                }
                keep(path, entry);
            }
            case FILE -> writeFile(root, path, entry, reader);
            case SYMBOLIC_LINK -> root.createSymbolicLink(path, checked(entry.linkName(), entry));
            case FIFO -> root.createFifo(path, entry.mode());
            case HARD_LINK -> hardLink(root, path, entry);
            case BLOCK_DEVICE, CHARACTER_DEVICE -> throw new AssertionError(entry);
        }
    }

    /** Those not listed before: some writers list no directories, or list them late. */
    private void makeParents(SafePath root, String path) {
        String directory = path.substring(0, Math.max(path.lastIndexOf('/'), 0));
        if (!directory.isEmpty() && !directory.equals(parent) && !root.exists(directory)) {
            count(1 + (int) directory.chars().filter(c -> c == '/').count());
            root.createDirectories(directory, DIRECTORY_MODE);
        }
        parent = directory;
    }

    private void keep(String path, TarEntry entry) {
        byte[] name = path.getBytes(StandardCharsets.UTF_8);
        keep(name.length);
        directories.add(new Directory(name, entry.uid(), entry.gid(), entry.mode(), entry.modified()));
    }

    private void keep(int bytes) {
        keptBytes += bytes + KEPT_OVERHEAD_BYTES;
        if (keptBytes > MAX_KEPT_BYTES) {
            throw ImageException.refused("%s: the names of a layer's directories and whiteouts take more than %d MB"
                    .formatted(subject, MAX_KEPT_BYTES >> 20));
        }
    }

    private void writeFile(SafePath root, String path, TarEntry entry, TarReader reader) throws IOException {
        bytes = Math.addExact(bytes, Math.min(entry.sizeBytes(), Long.MAX_VALUE / 2));
        if (bytes > limits.maxBytes()) {
            throw ImageException.refused("%s: a layer unpacks to more than %d MB, which is the limit"
                    .formatted(subject, limits.maxBytes() >> 20));
        }
        try (Fd file = root.createFile(path, 0600)) {
            if (entry.segments().isEmpty()) {
                copy(file, reader, entry.segments().isEmpty() ? Long.MAX_VALUE : 0);
                return;
            }
            try (var channel = FileChannel.open(file.path(), StandardOpenOption.WRITE)) {
                for (TarEntry.Segment segment : entry.segments()) {
                    channel.position(segment.offset());
                    copy(channel, reader, segment.length());
                }
                extend(channel, entry.sizeBytes());
            }
        }
    }

    private void copy(Fd file, TarReader reader, long length) throws IOException {
        for (long left = length; left > 0; ) {
            int n = reader.read(buffer, 0, (int) Math.min(buffer.length, left));
            if (n < 0) {
                return;
            }
            left -= n;
            checkSpace(n);
            for (int at = 0; at < n; ) {
                at += Io.write(file, buffer, at, n - at);
            }
        }
    }

    private void copy(FileChannel file, TarReader reader, long length) throws IOException {
        for (long left = length; left > 0; ) {
            int n = reader.read(buffer, 0, (int) Math.min(buffer.length, left));
            if (n < 0) {
                return;
            }
            left -= n;
            checkSpace(n);
            ByteBuffer data = ByteBuffer.wrap(buffer, 0, n);
            while (data.hasRemaining()) {
                file.write(data);
            }
        }
    }

    private static void extend(FileChannel file, long size) throws IOException {
        if (file.size() < size) {
            file.write(ByteBuffer.wrap(new byte[1]), size - 1);
        }
    }

    private void checkSpace(int written) throws IOException {
        bytesAtSpaceCheck += written;
        if (bytesAtSpaceCheck >= SPACE_CHECK_BYTES) {
            bytesAtSpaceCheck = 0;
            DiskSpace.require(target, limits.reserveBytes(), subject);
        }
    }

    private void hardLink(SafePath root, String path, TarEntry entry) {
        String existing = clean(entry.linkName(), entry);
        if (existing.isEmpty() || !root.exists(existing)) {
            throw refused(entry, "is a hard link to \"" + entry.linkName() + "\", which is not in the layer");
        }
        if (root.isDirectory(existing)) {
            throw refused(entry, "is a hard link to the directory \"" + entry.linkName() + "\"");
        }
        root.createHardLink(path, existing);
    }

    /** image-spec, layer.md, Whiteouts. What the same layer adds under that name stays, whichever comes first. */
    private void mark(SafePath root, String path, String name, TarEntry entry) {
        String directory = path.substring(0, path.length() - name.length());
        if (name.equals(OPAQUE)) {
            makeParents(root, path);
            if (directory.isEmpty()) {
                return; // below the root there is nothing of other images
            }
            root.extendedAttribute(directory.substring(0, directory.length() - 1), "trusted.overlay.opaque", YES);
            return;
        }
        if (name.startsWith(OTHER_MARK)) {
            return; // AUFS's own bookkeeping
        }
        String gone = clean(directory + name.substring(WHITEOUT.length()), entry);
        if (gone.length() <= directory.length()) {
            throw refused(entry, "is a whiteout of nothing");
        }
        makeParents(root, gone);
        if (root.isDirectory(gone)) {
            root.extendedAttribute(gone, "trusted.overlay.opaque", YES);
        } else if (!root.exists(gone)) {
            root.createWhiteout(gone);
            keep(2 * gone.length());
            whiteouts.add(gone);
        }
    }

    private void attributes(SafePath root, String path, TarEntry entry) {
        if (entry.type() == TarEntry.Type.SYMBOLIC_LINK) {
            return;
        }
        for (Map.Entry<String, byte[]> attribute : entry.attributes().entrySet()) {
            try {
                root.extendedAttribute(path, attribute.getKey(), attribute.getValue());
            } catch (LinuxException e) {
                if (!attribute.getKey().startsWith("user.") || e.code() != HakoException.Code.UNSUPPORTED) {
                    throw e;
                }
                // A file system without user attributes: nothing that runs depends on them.
            }
        }
    }

    private void rootAttributes(TarEntry entry) throws IOException {
        Files.setAttribute(target, "unix:uid", entry.uid(), LinkOption.NOFOLLOW_LINKS);
        Files.setAttribute(target, "unix:gid", entry.gid(), LinkOption.NOFOLLOW_LINKS);
        Files.setAttribute(target, "unix:mode", entry.mode(), LinkOption.NOFOLLOW_LINKS);
    }

    /** What was put into a directory changed its time. Of two entries for one the later holds. */
    private void finishDirectories(SafePath root) throws IOException {
        for (Directory directory : directories) {
            String path = new String(directory.path(), StandardCharsets.UTF_8);
            if (path.isEmpty()) {
                Files.setLastModifiedTime(target, FileTime.from(directory.modified()));
            } else if (root.isDirectory(path)) {
                root.attributes(path, directory.uid(), directory.gid(), directory.mode(), directory.modified());
            }
        }
    }

    /** Relative, without empty parts and dots; {@code ""} is the root. */
    private String clean(String name, TarEntry entry) {
        List<String> parts = new ArrayList<>();
        for (String part : checked(name, entry).split("/")) {
            if (part.equals("..")) {
                throw refused(
                        entry,
                        name.equals(entry.name())
                                ? "climbs out of the root"
                                : "leads to \"" + name + "\", which climbs out of the root");
            }
            if (!part.isEmpty() && !part.equals(".")) {
                parts.add(part);
            }
        }
        return String.join("/", parts);
    }

    private String checked(String text, TarEntry entry) {
        if (text.indexOf('\0') >= 0) {
            throw refused(entry, "has a zero byte in its name");
        }
        return text;
    }

    private ImageException refused(TarEntry entry, String why) {
        return ImageException.refused(
                "%s: entry \"%s\" %s".formatted(subject, entry.name().replace('\0', '?'), why));
    }
}
