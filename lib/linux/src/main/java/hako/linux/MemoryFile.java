package hako.linux;

import java.io.IOException;
import java.lang.foreign.Arena;

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

    /** From now on nobody changes it, through whichever descriptor; shared writable mappings must be gone. */
    public static void seal(Fd file) {
        int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
        Syscall.check(
                file.with(n -> Syscall.call(Syscall.FCNTL, n, F_ADD_SEALS, seals)),
                "fcntl",
                "seal memory file " + file);
    }
}
