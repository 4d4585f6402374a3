package hako.it;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A tar archive written by hand, so that it can say what no tar(1) would: POSIX ustar, a header block of 512 bytes per
 * entry.
 *
 * <pre>
 *   +0 name 100   +100 mode 8   +108 uid 8   +116 gid 8   +124 size 12   +136 mtime 12   +148 checksum 8
 *   +156 type 1   +157 link name 100   +257 "ustar\0" "00"   +329 major 8   +337 minor 8
 * </pre>
 */
final class Tar {
    private static final int BLOCK = 512;

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    Tar file(String name, String content) {
        return file(name, content.getBytes(StandardCharsets.UTF_8), 0644);
    }

    Tar file(String name, byte[] content, int mode) {
        header(name, '0', mode, content.length, "", 0, 0);
        return content(content);
    }

    Tar directory(String name) {
        header(name, '5', 0755, 0, "", 0, 0);
        return this;
    }

    Tar symbolicLink(String name, String target) {
        header(name, '2', 0777, 0, target, 0, 0);
        return this;
    }

    Tar hardLink(String name, String target) {
        header(name, '1', 0644, 0, target, 0, 0);
        return this;
    }

    Tar blockDevice(String name, int major, int minor) {
        header(name, '4', 0666, 0, "", major, minor);
        return this;
    }

    /** A header that promises more than follows. */
    Tar truncatedFile(String name, long promised, String content) {
        header(name, '0', 0644, promised, "", 0, 0);
        return content(content.getBytes(StandardCharsets.UTF_8));
    }

    byte[] bytes() {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        all.writeBytes(bytes.toByteArray());
        all.writeBytes(new byte[2 * BLOCK]);
        return all.toByteArray();
    }

    Path write(Path file) {
        try {
            return Files.write(file, bytes());
        } catch (java.io.IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private Tar content(byte[] content) {
        bytes.writeBytes(content);
        bytes.writeBytes(new byte[(BLOCK - content.length % BLOCK) % BLOCK]);
        return this;
    }

    private void header(String name, char type, int mode, long size, String link, int major, int minor) {
        byte[] header = new byte[BLOCK];
        text(header, 0, name);
        text(header, 100, "%07o".formatted(mode));
        text(header, 108, "0000000");
        text(header, 116, "0000000");
        text(header, 124, "%011o".formatted(size));
        text(header, 136, "00000000000");
        text(header, 148, "        ");
        header[156] = (byte) type;
        text(header, 157, link);
        text(header, 257, "ustar");
        text(header, 263, "00");
        text(header, 329, "%07o".formatted(major));
        text(header, 337, "%07o".formatted(minor));
        int sum = 0;
        for (byte each : header) {
            sum += each & 0xff;
        }
        text(header, 148, "%06o\0 ".formatted(sum));
        bytes.writeBytes(header);
    }

    private static void text(byte[] header, int at, String text) {
        byte[] encoded = text.getBytes(StandardCharsets.UTF_8);
        System.arraycopy(encoded, 0, header, at, encoded.length);
    }
}
