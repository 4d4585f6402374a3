package hako.linux;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.file.Path;

/**
 * A number in a file of 8 bytes, native order, mapped shared: setting it costs a store to memory and survives the death
 * of this process at any instant (not of the host). Threads: any; its monitor guards the mapping.
 *
 * <p>SAFETY: the mapping has {@link #SIZE} bytes and lives until {@link #close}, after which {@code memory} is not
 * touched. The file has that size and is ours: nobody truncates it. 8 aligned bytes are stored at once.
 */
public final class MappedCounter implements AutoCloseable {
    private static final int SIZE = 8;

    // include/uapi/asm-generic/mman-common.h
    private static final int PROT_READ_WRITE = 3;
    private static final int MAP_SHARED = 1;

    private static final VarHandle VALUE = ValueLayout.JAVA_LONG.varHandle();

    private final MemorySegment memory;
    private boolean open = true;

    private MappedCounter(MemorySegment memory) {
        this.memory = memory;
    }

    /** Of this file, which is created with 0 where there is none. */
    public static MappedCounter open(Path file) {
        try (Fd fd = Fd.open(file, Fd.O_RDWR | Fd.O_CREAT, 0600)) {
            // Reserves the block as well: a store into a hole of a full disk would be SIGBUS.
            Syscall.check(
                    Syscall.call(Syscall.FALLOCATE, fd.number(), 0, 0, SIZE), "fallocate", "make room for " + file);
            long address = Syscall.check(
                    Syscall.call(Syscall.MMAP, 0, SIZE, PROT_READ_WRITE, MAP_SHARED, fd.number(), 0),
                    "mmap",
                    "map " + file);
            return new MappedCounter(MemorySegment.ofAddress(address).reinterpret(SIZE));
        }
    }

    public synchronized long get() {
        return (long) VALUE.getAcquire(checked(), 0L);
    }

    public synchronized void set(long value) {
        VALUE.setRelease(checked(), 0L, value);
    }

    /** Idempotent; the file keeps the number. */
    @Override
    public synchronized void close() {
        if (open) {
            open = false;
            Syscall.call(Syscall.MUNMAP, memory.address(), SIZE);
        }
    }

    private MemorySegment checked() {
        if (!open) {
            throw new IllegalStateException("counter is closed");
        }
        return memory;
    }
}
