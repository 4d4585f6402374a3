package hako.image;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;

/** Writes archives byte by byte, honest ones and others. */
final class TarBuilder {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    static TarBuilder tar() {
        return new TarBuilder();
    }

    TarBuilder file(String name, String content) {
        return entry(name, '0', "", 0644, content.getBytes(StandardCharsets.UTF_8));
    }

    TarBuilder directory(String name) {
        return entry(name, '5', "", 0755, new byte[0]);
    }

    TarBuilder link(String name, String target) {
        return entry(name, '2', target, 0777, new byte[0]);
    }

    TarBuilder hardLink(String name, String target) {
        return entry(name, '1', target, 0644, new byte[0]);
    }

    TarBuilder device(String name, char type) {
        return entry(name, type, "", 0666, new byte[0]);
    }

    TarBuilder entry(String name, char type, String link, int mode, byte[] content) {
        header(name, type, link, mode, content.length);
        return padded(content);
    }

    TarBuilder pax(char type, Map<String, String> records) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        records.forEach((key, value) -> all.writeBytes(record(key, value)));
        return entry("pax", type, "", 0644, all.toByteArray());
    }

    /** Only the header, whatever follows. */
    TarBuilder header(String name, char type, String link, int mode, long size) {
        byte[] header = new byte[512];
        put(header, 0, name, 100);
        put(header, 100, "%07o".formatted(mode), 8);
        put(header, 108, "%07o".formatted(1000), 8);
        put(header, 116, "%07o".formatted(1001), 8);
        put(header, 124, "%011o".formatted(size), 12);
        put(header, 136, "%011o".formatted(1_600_000_000L), 12);
        header[156] = (byte) type;
        put(header, 157, link, 100);
        put(header, 257, "ustar\0" + "00", 8);
        Arrays.fill(header, 148, 156, (byte) ' ');
        int sum = 0;
        for (byte b : header) {
            sum += b & 0xff;
        }
        put(header, 148, "%06o\0 ".formatted(sum), 8);
        out.writeBytes(header);
        return this;
    }

    TarBuilder raw(byte[] bytes) {
        out.writeBytes(bytes);
        return this;
    }

    byte[] open() {
        return out.toByteArray();
    }

    byte[] build() {
        out.writeBytes(new byte[1024]);
        return out.toByteArray();
    }

    private TarBuilder padded(byte[] content) {
        out.writeBytes(content);
        out.writeBytes(new byte[-content.length & 511]);
        return this;
    }

    private static void put(byte[] header, int at, String text, int length) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        System.arraycopy(bytes, 0, header, at, Math.min(bytes.length, length));
    }

    private static byte[] record(String key, String value) {
        byte[] rest = (" " + key + "=" + value + "\n").getBytes(StandardCharsets.UTF_8);
        int length = rest.length;
        while (Integer.toString(length).length() + rest.length != length) {
            length++;
        }
        byte[] record = Arrays.copyOf(Integer.toString(length).getBytes(StandardCharsets.UTF_8), length);
        System.arraycopy(rest, 0, record, length - rest.length, rest.length);
        return record;
    }
}
