package hako.image;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Reads an archive member by member, in the formats that images come in: ustar, POSIX pax, GNU (long names, base 256,
 * sparse). Written for hostile input: every length is bounded, nothing is skipped silently but what the formats say may
 * be. One thread; the stream stays its owner's.
 */
final class TarReader {
    /** Linux has PATH_MAX 4096 (include/uapi/linux/limits.h). */
    static final int MAX_NAME_BYTES = 4096;

    private static final int MAX_PAX_BYTES = 64 * 1024;
    private static final int MAX_SEGMENTS = 10_000;

    private final InputStream in;
    private PaxHeaders global = PaxHeaders.NONE;

    /** Of the current member, stored bytes not yet read and the padding after them. */
    private long remaining;

    private int padding;

    TarReader(InputStream in) {
        this.in = in;
    }

    /** The next member, or null at the end of the archive. */
    @Nullable
    TarEntry next() throws IOException {
        PaxHeaders own = PaxHeaders.NONE;
        String longName = null;
        String longLink = null;
        while (true) {
            skipData();
            TarHeader header = readHeader();
            if (header == null) {
                return null;
            }
            begin(header.size());
            switch (header.type()) {
                case 'x' -> own = PaxHeaders.parse(readAll(MAX_PAX_BYTES), false);
                case 'g' -> global = global.with(PaxHeaders.parse(readAll(MAX_PAX_BYTES), true));
                case 'L' -> longName = longText();
                case 'K' -> longLink = longText();
                case 'V' -> {} // a label
                default -> {
                    return member(header, global.with(own), longName, longLink);
                }
            }
        }
    }

    private TarEntry member(TarHeader header, PaxHeaders pax, @Nullable String longName, @Nullable String longLink)
            throws IOException {
        String name = pax.name().orElse(longName == null ? header.name() : longName);
        String link = pax.text("linkpath").orElse(longLink == null ? header.linkName() : longLink);
        TarEntry.Type type = type(header, name);
        long stored = pax.number("size").orElse(header.size());
        // Only files have data, whatever the size of another says.
        boolean hasData = type == TarEntry.Type.FILE || header.type() == '7';
        begin(hasData ? stored : 0);
        List<TarEntry.Segment> segments = List.of();
        long size = hasData ? stored : 0;
        if (header.type() == 'S') {
            segments = gnuSegments(header);
            size = header.number(483, 12);
        } else if (pax.isSparse()) {
            segments = paxSegments(pax);
            size = pax.number("GNU.sparse.realsize").orElse(0L);
        }
        checkSegments(segments, size, name);
        return new TarEntry(
                checkLength(name),
                type,
                checkLength(link),
                header.mode(),
                id(pax.number("uid").orElseGet(header::uid), name),
                id(pax.number("gid").orElseGet(header::gid), name),
                size,
                pax.modified().orElseGet(() -> instant(header.modified())),
                segments,
                pax.attributes());
    }

    private static TarEntry.Type type(TarHeader header, String name) {
        return switch (header.type()) {
            case 0, '0', '7', 'S' -> name.endsWith("/") ? TarEntry.Type.DIRECTORY : TarEntry.Type.FILE;
            case '1' -> TarEntry.Type.HARD_LINK;
            case '2' -> TarEntry.Type.SYMBOLIC_LINK;
            case '3' -> TarEntry.Type.CHARACTER_DEVICE;
            case '4' -> TarEntry.Type.BLOCK_DEVICE;
            case '5' -> TarEntry.Type.DIRECTORY;
            case '6' -> TarEntry.Type.FIFO;
            default ->
                throw ImageException.refused(
                        "read archive: entry \"%s\" is of unknown type '%c'".formatted(name, header.type()));
        };
    }

    /** Stored bytes of the current member; -1 at their end. */
    int read(byte[] buffer, int offset, int length) throws IOException {
        if (remaining == 0) {
            return -1;
        }
        int n = in.read(buffer, offset, (int) Math.min(length, remaining));
        if (n < 0) {
            throw truncated();
        }
        remaining -= n;
        return n;
    }

    private @Nullable TarHeader readHeader() throws IOException {
        byte[] block = in.readNBytes(TarHeader.SIZE);
        if (block.length == 0) {
            return null; // without the two zero blocks: some writers leave them out
        }
        if (block.length < TarHeader.SIZE) {
            throw truncated();
        }
        TarHeader header = new TarHeader(block);
        if (header.isZero()) {
            return null;
        }
        if (!header.isValid()) {
            throw ImageException.corrupt("read archive: a header's checksum is wrong");
        }
        return header;
    }

    private void begin(long size) {
        if (size < 0) {
            throw ImageException.corrupt("read archive: a member has a negative size");
        }
        remaining = size;
        padding = (int) (-size & TarHeader.SIZE - 1);
    }

    private void skipData() throws IOException {
        try {
            in.skipNBytes(remaining);
            in.skipNBytes(padding);
        } catch (EOFException e) {
            throw truncated();
        }
        remaining = 0;
        padding = 0;
    }

    private byte[] readAll(int max) throws IOException {
        if (remaining > max) {
            throw ImageException.refused("read archive: a header of " + remaining + " bytes; at most " + max);
        }
        byte[] all = in.readNBytes((int) remaining);
        if (all.length < remaining) {
            throw truncated();
        }
        remaining = 0;
        return all;
    }

    private String longText() throws IOException {
        byte[] all = readAll(2 * MAX_NAME_BYTES);
        int length = 0;
        while (length < all.length && all[length] != 0) {
            length++;
        }
        return TarHeader.utf8(all, 0, length);
    }

    /** GNU tar manual, "Storing Sparse Files", old GNU format: four segments in the header, 21 in each further block. */
    private List<TarEntry.Segment> gnuSegments(TarHeader header) throws IOException {
        List<TarEntry.Segment> segments = new ArrayList<>();
        addSegments(header, 386, 4, segments);
        boolean more = header.sparseExtended(482);
        while (more) {
            TarHeader next = new TarHeader(in.readNBytes(TarHeader.SIZE));
            if (next.block().length < TarHeader.SIZE) {
                throw truncated();
            }
            addSegments(next, 0, 21, segments);
            more = next.sparseExtended(504);
        }
        return segments;
    }

    private static void addSegments(TarHeader header, int at, int count, List<TarEntry.Segment> segments) {
        for (int i = 0; i < count; i++) {
            long length = header.number(at + 24 * i + 12, 12);
            if (header.block()[at + 24 * i] == 0) {
                return;
            }
            add(new TarEntry.Segment(header.number(at + 24 * i, 12), length), segments);
        }
    }

    /** GNU tar manual, "PAX Format, Version 1.0": decimal lines before the data, padded to a block. */
    private List<TarEntry.Segment> paxSegments(PaxHeaders pax) throws IOException {
        if (!"1".equals(pax.text("GNU.sparse.major").orElse(""))
                || !pax.text("GNU.sparse.minor").orElse("").equals("0")) {
            throw ImageException.refused("read archive: a sparse file in GNU's pax format before version 1.0");
        }
        long before = remaining;
        long count = line();
        List<TarEntry.Segment> segments = new ArrayList<>();
        for (long i = 0; i < count; i++) {
            add(new TarEntry.Segment(line(), line()), segments);
        }
        int rest = (int) (-(before - remaining) & TarHeader.SIZE - 1);
        if (rest > remaining || in.readNBytes(rest).length < rest) {
            throw truncated();
        }
        remaining -= rest;
        return segments;
    }

    private long line() throws IOException {
        long value = 0;
        byte[] one = new byte[1];
        for (int digits = 0; digits < 19; digits++) {
            if (read(one, 0, 1) < 0) {
                throw truncated();
            }
            if (one[0] == '\n') {
                return value;
            }
            if (one[0] < '0' || one[0] > '9') {
                break;
            }
            value = value * 10 + one[0] - '0';
        }
        throw ImageException.corrupt("read archive: the map of a sparse file is not valid");
    }

    private static void add(TarEntry.Segment segment, List<TarEntry.Segment> segments) {
        if (segments.size() == MAX_SEGMENTS) {
            throw ImageException.refused("read archive: a sparse file has more than " + MAX_SEGMENTS + " segments");
        }
        segments.add(segment);
    }

    private void checkSegments(List<TarEntry.Segment> segments, long size, String name) {
        long end = 0;
        long data = 0;
        for (TarEntry.Segment segment : segments) {
            if (segment.offset() < end || segment.length() < 0 || segment.length() > size - segment.offset()) {
                throw ImageException.corrupt("read archive: the map of the sparse file \"" + name + "\" is not valid");
            }
            end = segment.offset() + segment.length();
            data += segment.length();
        }
        if (!segments.isEmpty() && data > remaining || size < 0) {
            throw ImageException.corrupt("read archive: the map of the sparse file \"" + name + "\" is not valid");
        }
    }

    private static String checkLength(String name) {
        if (name.length() > MAX_NAME_BYTES) {
            throw ImageException.refused("read archive: a name of " + name.length() + " characters");
        }
        return name;
    }

    /** User and group ids are 32 bits wide; the last one means "none" to chown(2). */
    private static int id(long id, String name) {
        if (id < 0 || id >= 0xffff_ffffL) {
            throw ImageException.corrupt("read archive: entry \"" + name + "\" has the owner " + id);
        }
        return (int) id;
    }

    private static Instant instant(long seconds) {
        // File systems store times from 1901 to 2446 at least (ext4); what is outside is nonsense.
        return Instant.ofEpochSecond(Math.clamp(seconds, 0, 15_000_000_000L));
    }

    private static ImageException truncated() {
        return ImageException.corrupt("read archive: it is cut short");
    }
}
