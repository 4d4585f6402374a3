package hako.linux;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/**
 * A line of {@code /proc/self/mountinfo} ({@code proc_pid_mountinfo(5)}).
 *
 * @param path where it is mounted
 * @param device of its file system: {@code 98:0}
 * @param root which directory of its filesystem is seen there
 * @param options of this mount: {@code ro}, {@code nosuid}…
 * @param superOptions of its file system: {@code rw}, {@code size=64k}…
 */
public record MountPoint(
        Path path,
        String device,
        String root,
        String type,
        String source,
        List<String> options,
        List<String> superOptions) {
    private static final int DEVICE = 2;
    private static final int ROOT = 3;
    private static final int PATH = 4;
    private static final int OPTIONS = 5;

    public boolean readOnly() {
        return options.contains("ro");
    }

    /** {@code 36 35 98:0 /root /path ro,nosuid shared:1 - ext4 /dev/sda ro}: optional fields end with a dash. */
    static MountPoint parse(String line) {
        String[] fields = line.split(" ");
        int dash = OPTIONS + 1;
        while (!fields[dash].equals("-")) {
            dash++;
        }
        return new MountPoint(
                Path.of(unescape(fields[PATH])),
                fields[DEVICE],
                unescape(fields[ROOT]),
                fields[dash + 1],
                dash + 2 < fields.length ? unescape(fields[dash + 2]) : "",
                List.of(fields[OPTIONS].split(",")),
                dash + 3 < fields.length ? List.of(fields[dash + 3].split(",")) : List.of());
    }

    /** Blank, tab, newline and backslash are written as a backslash and three octal digits. */
    private static String unescape(String text) {
        if (text.indexOf('\\') < 0) {
            return text;
        }
        byte[] in = text.getBytes(StandardCharsets.UTF_8);
        byte[] out = new byte[in.length];
        int length = 0;
        for (int i = 0; i < in.length; i++) {
            if (in[i] == '\\' && i + 3 < in.length) {
                out[length++] = (byte) ((in[i + 1] - '0') << 6 | (in[i + 2] - '0') << 3 | in[i + 3] - '0');
                i += 3;
            } else {
                out[length++] = in[i];
            }
        }
        return new String(out, 0, length, StandardCharsets.UTF_8);
    }
}
