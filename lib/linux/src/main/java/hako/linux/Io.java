package hako.linux;

import java.io.InputStream;
import java.io.OutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Objects;

/** Plain reads and writes on descriptors, and streams over them that never block a carrier thread. */
public final class Io {
    /** The most one call moves. */
    static final int CHUNK = 64 * 1024;

    private static final int MSG_DONTWAIT = 0x40;
    private static final int MSG_NOSIGNAL = 0x4000;

    private Io() {}

    /**
     * {@code read(2)}: what is there, at most 64 KiB.
     *
     * @return bytes read; -1 at the end of the file
     * @throws LinuxException {@code EAGAIN} on a non-blocking descriptor without data
     */
    public static int read(Fd fd, byte[] bytes, int offset, int length) {
        long n = read(fd, bytes, offset, length, false);
        if (n < 0) {
            throw refused(n, "read", fd);
        }
        return n == 0 && length > 0 ? -1 : (int) n;
    }

    /**
     * {@code write(2)}: at most 64 KiB.
     *
     * @return bytes written, which may be fewer than asked
     */
    public static int write(Fd fd, byte[] bytes, int offset, int length) {
        long n = write(fd, bytes, offset, length, false);
        if (n < 0) {
            throw refused(n, "write", fd);
        }
        return (int) n;
    }

    /** Writes all, for regular files and descriptors that may block. */
    public static void writeFully(Fd fd, byte[] bytes) {
        for (int at = 0; at < bytes.length; ) {
            at += write(fd, bytes, at, bytes.length - at);
        }
    }

    /**
     * Reads as data come; closing it closes {@code fd}. Interrupting the reader ends the read with {@code
     * InterruptedIOException}.
     */
    public static InputStream inputStream(Fd fd, Poller poller) {
        return new FdInputStream(fd, poller);
    }

    /**
     * Writes as the other end takes it, never setting {@code O_NONBLOCK} on a descriptor that others share; closing it
     * closes {@code fd}. Unbuffered. A reader that is gone is an {@code IOException} caused by {@code EPIPE}.
     */
    public static OutputStream outputStream(Fd fd, Poller poller) {
        return new FdOutputStream(fd, poller);
    }

    /** A pipe: what is written to the second is read from the first. Both close-on-exec. */
    public static Pipe pipe() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment two = arena.allocate(8);
            Syscall.check(Syscall.call(Syscall.PIPE2, two.address(), Fd.O_CLOEXEC), "pipe2", "create a pipe");
            return new Pipe(Fd.own(two.get(Syscall.INT, 0)), Fd.own(two.get(Syscall.INT, 4)));
        }
    }

    /** The two ends of a pipe. */
    public record Pipe(Fd reader, Fd writer) implements AutoCloseable {
        @Override
        public void close() {
            reader.close();
            writer.close();
        }
    }

    static LinuxException refused(long result, String call, Fd fd) {
        return new LinuxException(call, call + " " + fd, (int) -result);
    }

    /** @return bytes, 0 at the end of the file, or {@code -errno} */
    static long read(Fd fd, byte[] bytes, int offset, int length, boolean socket) {
        Objects.checkFromIndexSize(offset, length, bytes.length);
        int most = Math.min(length, CHUNK);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate(Math.max(most, 1));
            long address = buffer.address();
            long n = fd.with(number -> socket
                    ? Syscall.call(Syscall.RECVFROM, number, address, most, MSG_DONTWAIT, 0, 0)
                    : Syscall.call(Syscall.READ, number, address, most));
            if (n > 0) {
                MemorySegment.copy(buffer, Syscall.BYTE, 0, bytes, offset, (int) n);
            }
            return n;
        }
    }

    /** @return bytes, or {@code -errno} */
    static long write(Fd fd, byte[] bytes, int offset, int length, boolean socket) {
        Objects.checkFromIndexSize(offset, length, bytes.length);
        int most = Math.min(length, CHUNK);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate(Math.max(most, 1));
            MemorySegment.copy(bytes, offset, buffer, Syscall.BYTE, 0, most);
            long address = buffer.address();
            return fd.with(number -> socket
                    ? Syscall.call(Syscall.SENDTO, number, address, most, MSG_DONTWAIT | MSG_NOSIGNAL, 0, 0)
                    : Syscall.call(Syscall.WRITE, number, address, most));
        }
    }
}
