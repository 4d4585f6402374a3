package hako.linux;

import hako.base.HakoException;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.Objects;

/**
 * Unpacks Zstandard frames (RFC 8878) with the system's {@code libzstd.so.1}, which dpkg itself needs on Debian; the
 * pure-Java decoders use what the JDK is about to take away. One thread; closing it closes the stream below.
 *
 * <p>SAFETY: the context and both buffers belong to {@link #arena}, confined to this object's owner and closed with it, the
 * context freed before. {@code ZSTD_inBuffer} and {@code ZSTD_outBuffer} are {pointer, size, position}, three words each
 * (zstd.h); the library keeps to the sizes it is given. The window is bounded, so that a frame cannot ask for gigabytes.
 */
public final class ZstdInputStream extends InputStream {
    private static final int BUFFER_BYTES = 128 * 1024;

    /** {@code ZSTD_d_windowLogMax} (zstd.h) and its value: 128 MiB, as the zstd program allows by default. */
    private static final int WINDOW_LOG_MAX = 100;

    private static final int WINDOW_LOG = 27;

    private final InputStream in;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment context;
    private final MemorySegment input = arena.allocate(24, 8);
    private final MemorySegment output = arena.allocate(24, 8);
    private final MemorySegment packed = arena.allocate(BUFFER_BYTES);
    private final MemorySegment unpacked = arena.allocate(BUFFER_BYTES);
    private final byte[] chunk = new byte[BUFFER_BYTES];

    /** Where the reader is in {@link #unpacked}. */
    private long taken;

    /** Within a frame: the end of the input would be too early. */
    private boolean open;

    private boolean ended;
    private boolean closed;

    public ZstdInputStream(InputStream in) {
        this.in = in;
        this.context = Library.create();
        input.set(Syscall.LONG, 0, packed.address());
        output.set(Syscall.LONG, 0, unpacked.address());
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] bytes, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, bytes.length);
        if (length == 0) {
            return 0;
        }
        while (taken == output.get(Syscall.LONG, 16)) {
            if (!fill()) {
                return -1;
            }
        }
        int n = (int) Math.min(length, output.get(Syscall.LONG, 16) - taken);
        MemorySegment.copy(unpacked, Syscall.BYTE, taken, bytes, offset, n);
        taken += n;
        return n;
    }

    private boolean fill() throws IOException {
        if (closed) {
            throw new IOException("closed");
        }
        if (!ended && input.get(Syscall.LONG, 16) == input.get(Syscall.LONG, 8)) {
            int n = in.read(chunk);
            ended = n < 0;
            MemorySegment.copy(chunk, 0, packed, Syscall.BYTE, 0, Math.max(n, 0));
            input.set(Syscall.LONG, 8, Math.max(n, 0));
            input.set(Syscall.LONG, 16, 0);
        }
        if (ended && !open) {
            return false;
        }
        output.set(Syscall.LONG, 8, BUFFER_BYTES);
        output.set(Syscall.LONG, 16, 0);
        taken = 0;
        long hint = Library.decompress(context, output, input);
        open = hint != 0;
        if (ended && open && output.get(Syscall.LONG, 16) == 0) {
            throw new IOException("zstd: the data is cut short");
        }
        return true;
    }

    @Override
    public void close() throws IOException {
        if (!closed) {
            closed = true;
            Library.free(context);
            arena.close();
            in.close();
        }
    }

    /** The few functions of zstd.h that are needed; linked when first used. */
    private static final class Library {
        private static final SymbolLookup SYMBOLS = load();
        private static final ValueLayout.OfLong WORD = ValueLayout.JAVA_LONG;
        private static final MethodHandle CREATE = link("ZSTD_createDCtx", FunctionDescriptor.of(WORD));
        private static final MethodHandle FREE = link("ZSTD_freeDCtx", FunctionDescriptor.of(WORD, WORD));
        private static final MethodHandle SET = link(
                "ZSTD_DCtx_setParameter",
                FunctionDescriptor.of(WORD, WORD, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
        private static final MethodHandle DECOMPRESS =
                link("ZSTD_decompressStream", FunctionDescriptor.of(WORD, WORD, WORD, WORD));
        private static final MethodHandle IS_ERROR =
                link("ZSTD_isError", FunctionDescriptor.of(ValueLayout.JAVA_INT, WORD));
        private static final MethodHandle ERROR_NAME = link("ZSTD_getErrorName", FunctionDescriptor.of(WORD, WORD));

        private static SymbolLookup load() {
            try {
                return SymbolLookup.libraryLookup("libzstd.so.1", Arena.global());
            } catch (IllegalArgumentException e) {
                throw new HakoException(
                        HakoException.Kind.EXTERNAL,
                        HakoException.Code.UNAVAILABLE,
                        "unpack zstd: libzstd.so.1 is not on this host; install it: apt-get install libzstd1",
                        e);
            }
        }

        private static MethodHandle link(String name, FunctionDescriptor descriptor) {
            return Linker.nativeLinker().downcallHandle(SYMBOLS.findOrThrow(name), descriptor);
        }

        static MemorySegment create() {
            try {
                long context = (long) CREATE.invokeExact();
                if (context == 0) {
                    throw new OutOfMemoryError("ZSTD_createDCtx");
                }
                long ignored = (long) SET.invokeExact(context, WINDOW_LOG_MAX, WINDOW_LOG);
                return MemorySegment.ofAddress(context);
            } catch (Throwable t) {
                throw Libc.unexpected(t);
            }
        }

        static long decompress(MemorySegment context, MemorySegment out, MemorySegment in) throws IOException {
            try {
                long result = (long) DECOMPRESS.invokeExact(context.address(), out.address(), in.address());
                if ((int) IS_ERROR.invokeExact(result) != 0) {
                    long name = (long) ERROR_NAME.invokeExact(result);
                    throw new IOException("zstd: "
                            + MemorySegment.ofAddress(name).reinterpret(256).getString(0));
                }
                return result;
            } catch (IOException e) {
                throw e;
            } catch (Throwable t) {
                throw Libc.unexpected(t);
            }
        }

        static void free(MemorySegment context) {
            try {
                long ignored = (long) FREE.invokeExact(context.address());
            } catch (Throwable t) {
                throw Libc.unexpected(t);
            }
        }
    }
}
