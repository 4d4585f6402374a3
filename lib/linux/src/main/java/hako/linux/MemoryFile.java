package hako.linux;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.StandardOpenOption;

/** Files without a name whose pages lie in memory (memfd_create(2)); they go with their last descriptor and mapping. */
public final class MemoryFile {
    // include/uapi/linux/memfd.h
    private static final int MFD_CLOEXEC = 1;
    private static final int MFD_ALLOW_SEALING = 2;

    // include/uapi/linux/fcntl.h
    private static final int F_ADD_SEALS = 1033;
    private static final int F_SEAL_SEAL = 1;
    private static final int F_SEAL_SHRINK = 2;
    private static final int F_SEAL_GROW = 4;
    private static final int F_SEAL_WRITE = 8;

    // include/uapi/linux/falloc.h
    private static final int FALLOC_FL_KEEP_SIZE = 1;
    private static final int FALLOC_FL_PUNCH_HOLE = 2;

    private static final int PAGE_BYTES = 4096;
    private static final int CHUNK_BYTES = 1 << 20;
    private static final ByteBuffer ZEROS = ByteBuffer.allocateDirect(PAGE_BYTES);

    private MemoryFile() {}

    /** @param name shown in {@code /proc/PID/maps}; @param bytes its length: a hole, read as zeros */
    public static Fd create(String name, long bytes) {
        Fd file;
        try (Arena arena = Arena.ofConfined()) {
            long address = arena.allocateFrom(name).address();
            file = Fd.own((int) Syscall.check(
                    Syscall.call(Syscall.MEMFD_CREATE, address, MFD_CLOEXEC | MFD_ALLOW_SEALING),
                    "memfd_create",
                    "make memory file " + name));
        }
        try {
            Syscall.check(
                    file.with(n -> Syscall.call(Syscall.FTRUNCATE, n, bytes)), "ftruncate", "size memory file " + name);
            return file;
        } catch (RuntimeException e) {
            file.close();
            throw e;
        }
    }

    /** A new one with the data of another; its holes stay holes. */
    public static Fd copy(String name, Fd original, long bytes) throws IOException {
        Fd copy = create(name, bytes);
        try {
            SparseFile.copyData(original.path(), original, copy.path());
            return copy;
        } catch (IOException | RuntimeException e) {
            copy.close();
            throw e;
        }
    }

    /** Pages that are all zeros take no memory afterwards: they are holes, and read as before. */
    public static void dropZeros(Fd file) throws IOException {
        try (FileChannel channel = FileChannel.open(file.path(), StandardOpenOption.READ)) {
            ByteBuffer chunk = ByteBuffer.allocateDirect(CHUNK_BYTES);
            long data = SparseFile.seek(file, 0, SparseFile.SEEK_DATA);
            while (data >= 0) {
                long hole = SparseFile.seek(file, data, SparseFile.SEEK_HOLE);
                for (long at = data; at < hole; at += CHUNK_BYTES) {
                    chunk.clear().limit((int) Math.min(CHUNK_BYTES, hole - at));
                    channel.read(chunk, at);
                    dropZeros(file, at, chunk.flip());
                }
                data = SparseFile.seek(file, hole, SparseFile.SEEK_DATA);
            }
        }
    }

    private static void dropZeros(Fd file, long at, ByteBuffer chunk) {
        int end = 0;
        for (int page = 0; page < chunk.limit(); page = Math.max(page + PAGE_BYTES, end)) {
            for (end = page; end < chunk.limit() && isZero(chunk, end); end += PAGE_BYTES) {}
            if (end > page) {
                punch(file, at + page, end - page);
            }
        }
    }

    private static boolean isZero(ByteBuffer chunk, int page) {
        int length = Math.min(PAGE_BYTES, chunk.limit() - page);
        return ZEROS.slice(0, length).equals(chunk.slice(page, length));
    }

    private static void punch(Fd file, long offset, long length) {
        int mode = FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE;
        Syscall.check(
                file.with(n -> Syscall.call(Syscall.FALLOCATE, n, mode, offset, length)),
                "fallocate",
                "drop zeros of memory file " + file);
    }

    /** From now on nobody changes it, through whichever descriptor; shared writable mappings must be gone. */
    public static void seal(Fd file) {
        int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
        Syscall.check(
                file.with(n -> Syscall.call(Syscall.FCNTL, n, F_ADD_SEALS, seals)),
                "fcntl",
                "seal memory file " + file);
    }
}
