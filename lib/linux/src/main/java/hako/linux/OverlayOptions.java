package hako.linux;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The option string of an overlay. It must stay under a page, and colons, commas and backslashes mean something in it;
 * where the plain paths do not fit, the directories are opened and named {@code /proc/self/fd/N} until the mount is
 * made.
 */
record OverlayOptions(String text, List<Fd> opened) implements AutoCloseable {
    /** One page, less room to spare for the NUL and what the kernel adds. */
    private static final int LIMIT = 4000;

    static OverlayOptions of(List<Path> lower, @Nullable Path upper, @Nullable Path work) {
        String plain = text(lower, upper, work);
        boolean special = lower.stream().anyMatch(OverlayOptions::special)
                || upper != null && special(upper)
                || work != null && special(work);
        if (!special && plain.getBytes(StandardCharsets.UTF_8).length <= LIMIT) {
            return new OverlayOptions(plain, List.of());
        }
        List<Fd> opened = new ArrayList<>();
        try {
            List<Path> names = new ArrayList<>();
            for (Path path : lower) {
                names.add(name(path, opened));
            }
            String text =
                    text(names, upper == null ? null : name(upper, opened), work == null ? null : name(work, opened));
            return new OverlayOptions(text, opened);
        } catch (RuntimeException e) {
            opened.forEach(Fd::close);
            throw e;
        }
    }

    private static String text(List<Path> lower, @Nullable Path upper, @Nullable Path work) {
        String layers = lower.stream().map(Path::toString).collect(Collectors.joining(":", "lowerdir=", ""));
        return upper == null ? layers : layers + ",upperdir=" + upper + ",workdir=" + work;
    }

    private static Path name(Path path, List<Fd> opened) {
        Fd fd = Fd.open(path, Fd.O_PATH | Fd.O_DIRECTORY, 0);
        opened.add(fd);
        return fd.path();
    }

    private static boolean special(Path path) {
        String text = path.toString();
        return text.indexOf(':') >= 0 || text.indexOf(',') >= 0 || text.indexOf('\\') >= 0;
    }

    @Override
    public void close() {
        opened.forEach(Fd::close);
    }
}
