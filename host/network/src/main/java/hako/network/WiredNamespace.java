package hako.network;

import hako.linux.Errno;
import hako.linux.Fd;
import hako.linux.LinuxException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A network namespace that somebody else has wired, and may take away.
 *
 * @param path of its file, by which it is found
 * @param inode tells it from a later one that is found there
 */
public record WiredNamespace(String path, long inode) {
    public static WiredNamespace of(Path file) throws IOException {
        return new WiredNamespace(file.toString(), inode(file));
    }

    /** A descriptor of it; empty: it is gone. */
    public Optional<Fd> open() throws IOException {
        try {
            Fd found = Fd.open(Path.of(path), Fd.O_RDONLY, 0);
            if (inode(found.path()) == inode) {
                return Optional.of(found);
            }
            found.close();
            return Optional.empty();
        } catch (LinuxException e) {
            if (e.errno() == Errno.ENOENT) {
                return Optional.empty();
            }
            throw e;
        }
    }

    private static long inode(Path file) throws IOException {
        return (long) Files.getAttribute(file, "unix:ino");
    }
}
