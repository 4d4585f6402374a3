package hako.image;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/**
 * One 512-byte header block (POSIX ustar; GNU tar, "Basic Tar Format"):
 *
 * <pre>
 *   0 name[100]   100 mode[8]   108 uid[8]   116 gid[8]   124 size[12]  136 mtime[12]  148 checksum[8]
 * 156 type        157 linkname[100]          257 magic[6] 263 version[2]               265 uname[32] 297 gname[32]
 * 329 devmajor[8] 337 devminor[8]            345 prefix[155] (ustar)
 * 386 4 x { offset[12] length[12] }          482 extended 483 realsize[12]             (GNU sparse)
 * </pre>
 */
record TarHeader(byte[] block) {
    static final int SIZE = 512;

    private static final int CHECKSUM = 148;
    private static final int CHECKSUM_LENGTH = 8;
    private static final int BASE256 = 0x80;

    boolean isZero() {
        for (byte b : block) {
            if (b != 0) {
                return false;
            }
        }
        return true;
    }

    /** The sum of all bytes, the checksum field taken as spaces. Some old writers summed signed bytes. */
    boolean isValid() {
        long unsigned = 0;
        long signed = 0;
        for (int i = 0; i < SIZE; i++) {
            byte b = i >= CHECKSUM && i < CHECKSUM + CHECKSUM_LENGTH ? (byte) ' ' : block[i];
            unsigned += b & 0xff;
            signed += b;
        }
        try {
            long stored = number(CHECKSUM, CHECKSUM_LENGTH);
            return stored == unsigned || stored == signed;
        } catch (ImageException e) {
            return false;
        }
    }

    char type() {
        return (char) (block[156] & 0xff);
    }

    /** Before the GNU magic, whose blocks have other things in the place of the prefix, came {@code ustar\0}. */
    String name() {
        boolean posix = block[257] == 'u' && block[258] == 's' && block[262] == 0;
        String name = text(0, 100);
        String prefix = posix ? text(345, 155) : "";
        return prefix.isEmpty() ? name : prefix + "/" + name;
    }

    String linkName() {
        return text(157, 100);
    }

    int mode() {
        return (int) number(100, 8) & 07777;
    }

    long uid() {
        return number(108, 8);
    }

    long gid() {
        return number(116, 8);
    }

    long size() {
        return number(124, 12);
    }

    long modified() {
        return number(136, 12);
    }

    boolean sparseExtended(int at) {
        return block[at] != 0;
    }

    /** Octal text, or GNU's base 256 where the first bit is set. */
    long number(int at, int length) {
        if ((block[at] & BASE256) != 0) {
            boolean negative = (block[at] & 0x40) != 0;
            long value = negative ? block[at] : block[at] & 0x7f;
            for (int i = at + 1; i < at + length; i++) {
                if (value > Long.MAX_VALUE >> 8 || value < Long.MIN_VALUE >> 8) {
                    throw ImageException.corrupt("read archive: a number is too large");
                }
                value = value << 8 | block[i] & 0xff;
            }
            return value;
        }
        long value = 0;
        for (int i = at; i < at + length; i++) {
            int c = block[i];
            if (c >= '0' && c <= '7') {
                value = value * 8 + c - '0';
            } else if (c == 0 || c == ' ') {
                if (value != 0 || c == 0) {
                    break;
                }
            } else {
                throw ImageException.corrupt("read archive: a number of a header is none");
            }
        }
        return value;
    }

    private String text(int at, int length) {
        int end = at;
        while (end < at + length && block[end] != 0) {
            end++;
        }
        return utf8(block, at, end - at);
    }

    /** Strict: a name that cannot be told apart from another is worth nothing. */
    static String utf8(byte[] bytes, int offset, int length) {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes, offset, length))
                    .toString();
        } catch (CharacterCodingException e) {
            throw ImageException.refused("read archive: the name \""
                    + new String(bytes, offset, length, StandardCharsets.ISO_8859_1) + "\" is not UTF-8");
        }
    }
}
