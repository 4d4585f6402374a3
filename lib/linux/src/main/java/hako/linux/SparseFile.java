package hako.linux;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** Copies of files that are mostly holes: their data only, or, where the file system can, nothing at all. */
public final class SparseFile {
    private static final boolean ARM = System.getProperty("os.arch").equals("aarch64");

    // arch/x86/entry/syscalls/syscall_64.tbl; include/uapi/asm-generic/unistd.h (aarch64)
    private static final int LSEEK = ARM ? 62 : 8;

    // include/uapi/linux/fs.h
    static final int SEEK_DATA = 3;
    static final int SEEK_HOLE = 4;

    /** {@code _IOW(0x94, 9, int)}: share the other file's extents (btrfs, xfs). */
    private static final long FICLONE = 0x4004_9409L;

    private SparseFile() {}

    /** Makes {@code copy}, which must not exist, with the content and length of {@code original}. */
    public static void copy(Path original, Path copy) throws IOException {
        boolean created = false;
        boolean done = false;
        try (Fd from = Fd.open(original, Fd.O_RDONLY, 0);
                Fd to = Fd.open(copy, Fd.O_WRONLY | Fd.O_CREAT | Fd.O_EXCL, 0600)) {
            created = true;
            if (to.with(t -> from.with(f -> Syscall.call(Syscall.IOCTL, t, FICLONE, f))) < 0) {
                copyData(original, from, copy);
            }
            done = true;
        } finally {
            if (created && !done) {
                Files.deleteIfExists(copy);
            }
        }
    }

    /** Into a file that is all hole so far. */
    static void copyData(Path original, Fd from, Path copy) throws IOException {
        try (FileChannel in = FileChannel.open(original, StandardOpenOption.READ);
                FileChannel out = FileChannel.open(copy, StandardOpenOption.WRITE)) {
            long length = in.size();
            long data = seek(from, 0, SEEK_DATA);
            while (data >= 0) {
                long hole = seek(from, data, SEEK_HOLE);
                out.position(data);
                for (long at = data; at < hole; ) {
                    at += in.transferTo(at, hole - at, out);
                }
                data = hole < length ? seek(from, hole, SEEK_DATA) : -1;
            }
            if (out.size() < length) {
                truncate(copy, length);
            }
        }
    }

    /** Sets the length; what is added is a hole. */
    public static void truncate(Path file, long length) {
        try (Fd fd = Fd.open(file, Fd.O_WRONLY | Fd.O_CREAT, 0600)) {
            Syscall.check(
                    fd.with(n -> Syscall.call(Syscall.FTRUNCATE, n, length)),
                    "ftruncate",
                    "set the length of " + file + " to " + length);
        }
    }

    /** -1 where there is no more data. */
    static long seek(Fd fd, long offset, int whence) {
        long result = fd.with(n -> Syscall.call(LSEEK, n, offset, whence));
        return result == -Errno.ENXIO ? -1 : Syscall.check(result, "lseek", "seek " + fd);
    }
}
