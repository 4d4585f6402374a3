package hako.image;

import hako.linux.ZstdInputStream;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.zip.GZIPInputStream;
import org.tukaani.xz.XZInputStream;

/** How a blob or archive is packed, told by its first bytes, whatever its media type says. */
enum Compression {
    NONE,
    /** RFC 1952. */
    GZIP,
    /** RFC 8878. */
    ZSTD,
    /** The .xz file format; only for what a person imports. */
    XZ;

    private static final int BUFFER_BYTES = 64 * 1024;
    private static final int MAGIC_BYTES = 6;

    /** A dictionary larger than this is not honest: {@code xz -9} takes 64 MiB. */
    private static final int MAX_XZ_KIB = 128 * 1024;

    /** Leaves the mark of {@code in} where it was. */
    static Compression of(BufferedInputStream in) throws IOException {
        in.mark(MAGIC_BYTES);
        byte[] magic = in.readNBytes(MAGIC_BYTES);
        in.reset();
        if (startsWith(magic, 0x1f, 0x8b)) {
            return GZIP;
        }
        if (startsWith(magic, 0x28, 0xb5, 0x2f, 0xfd)) {
            return ZSTD;
        }
        return startsWith(magic, 0xfd, '7', 'z', 'X', 'Z', 0) ? XZ : NONE;
    }

    /** What is in {@code in}, unpacked; closing it closes {@code in}. */
    static InputStream unpacked(InputStream in) throws IOException {
        BufferedInputStream buffered = new BufferedInputStream(in, BUFFER_BYTES);
        return switch (of(buffered)) {
            case NONE -> buffered;
            case GZIP -> new GZIPInputStream(buffered, BUFFER_BYTES);
            case ZSTD -> new ZstdInputStream(buffered);
            case XZ -> new XZInputStream(buffered, MAX_XZ_KIB);
        };
    }

    private static boolean startsWith(byte[] bytes, int... magic) {
        if (bytes.length < magic.length) {
            return false;
        }
        for (int i = 0; i < magic.length; i++) {
            if ((bytes[i] & 0xff) != magic[i]) {
                return false;
            }
        }
        return true;
    }
}
