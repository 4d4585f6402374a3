package hako.linux;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A {@code struct sockaddr_un} (include/uapi/linux/un.h): family u16 at 0, path at 2, 108 bytes with its NUL. A longer
 * path is given as {@code /proc/self/fd/N/name} of its directory, which is held open as long as this is.
 */
final class SocketAddress implements AutoCloseable {
    static final int LENGTH = 110;

    private static final int AF_UNIX = 1;
    private static final int PATH_MAX_BYTES = 107;

    private final Path path;
    private final Arena arena = Arena.ofConfined();
    private final @Nullable Fd directory;
    private final MemorySegment memory;

    private SocketAddress(Path path, @Nullable Fd directory, byte[] name) {
        this.path = path;
        this.directory = directory;
        memory = arena.allocate(LENGTH);
        memory.set(Syscall.SHORT, 0, (short) AF_UNIX);
        MemorySegment.copy(name, 0, memory, Syscall.BYTE, 2, name.length);
    }

    static SocketAddress of(Path path) {
        byte[] whole = path.toString().getBytes(StandardCharsets.UTF_8);
        if (whole.length <= PATH_MAX_BYTES) {
            return new SocketAddress(path, null, whole);
        }
        Path absolute = path.toAbsolutePath();
        Fd directory = Fd.open(absolute.getParent(), Fd.O_PATH | Fd.O_DIRECTORY, 0);
        byte[] name =
                directory.path().resolve(absolute.getFileName()).toString().getBytes(StandardCharsets.UTF_8);
        if (name.length > PATH_MAX_BYTES) {
            directory.close();
            throw new LinuxException("bind", "address socket " + path, Errno.ENAMETOOLONG);
        }
        return new SocketAddress(path, directory, name);
    }

    long pointer() {
        return memory.address();
    }

    /** Removes a socket file of this name; anything else there is left, and binding will say so. */
    void removeLeftover() {
        try {
            if (Files.exists(path, LinkOption.NOFOLLOW_LINKS)
                    && Files.readAttributes(path, "unix:mode", LinkOption.NOFOLLOW_LINKS)
                                    .get("mode")
                            instanceof Integer mode
                    && (mode & 0xF000) == 0xC000) {
                Files.delete(path);
            }
        } catch (IOException e) {
            throw new LinuxException("unlink", "remove the old socket " + path + " (" + e + ")", Errno.EBUSY);
        }
    }

    void chmod(int mode) {
        Syscall.check(Syscall.call(Syscall.FCHMODAT, Fd.CWD, memory.address() + 2, mode), "fchmodat", "chmod " + path);
    }

    @Override
    public void close() {
        arena.close();
        if (directory != null) {
            directory.close();
        }
    }
}
