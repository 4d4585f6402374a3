package hako.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.security.DigestException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Optional;

/**
 * SHA-256 by the system's {@code libcrypto.so.3}: 1,300 MB/s, where the JDK's own makes 95 MB/s under the C1 compiler, with
 * which the daemon runs. Where the library is missing it is the JDK's. One thread at a time, as every {@link MessageDigest}.
 *
 * <p>SAFETY: the context is freed by {@link #context}'s arena when nobody can reach it any more. Input is passed as a heap
 * segment to a critical call, which keeps the garbage collector off it for the length of the call: chunks are bounded.
 */
public final class Sha256 extends MessageDigest {
    private static final int LENGTH = 32;

    /** A tenth of a millisecond. */
    private static final int CHUNK = 128 * 1024;

    private final MemorySegment context = Library.newContext();

    private Sha256() {
        super("SHA-256");
        Library.init(context);
    }

    public static MessageDigest create() {
        if (Available.SYMBOLS.isPresent()) {
            return new Sha256();
        }
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // every JDK has it
        }
    }

    @Override
    protected int engineGetDigestLength() {
        return LENGTH;
    }

    @Override
    protected void engineUpdate(byte input) {
        engineUpdate(new byte[] {input}, 0, 1);
    }

    @Override
    protected void engineUpdate(byte[] input, int offset, int length) {
        MemorySegment all = MemorySegment.ofArray(input).asSlice(offset, length);
        for (long at = 0; at < length; at += CHUNK) {
            Library.update(context, all.asSlice(at, Math.min(CHUNK, length - at)));
        }
    }

    @Override
    protected byte[] engineDigest() {
        byte[] digest = new byte[LENGTH];
        Library.finish(context, MemorySegment.ofArray(digest));
        Library.init(context);
        return digest;
    }

    @Override
    protected int engineDigest(byte[] buffer, int offset, int length) throws DigestException {
        if (length < LENGTH) {
            throw new DigestException("32 bytes are needed");
        }
        System.arraycopy(engineDigest(), 0, buffer, offset, LENGTH);
        return LENGTH;
    }

    @Override
    protected void engineReset() {
        Library.init(context);
    }

    /** openssl/evp.h: functions return 1 on success. Linked when first used. */
    private static final class Library {
        private static final ValueLayout.OfLong WORD = ValueLayout.JAVA_LONG;
        private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
        private static final SymbolLookup SYMBOLS = Available.SYMBOLS.orElseThrow();
        private static final MethodHandle NEW = link("EVP_MD_CTX_new", FunctionDescriptor.of(WORD));
        private static final MethodHandle FREE = link("EVP_MD_CTX_free", FunctionDescriptor.ofVoid(WORD));
        private static final MethodHandle INIT =
                link("EVP_DigestInit_ex", FunctionDescriptor.of(INT, ValueLayout.ADDRESS, WORD, WORD));
        private static final MethodHandle UPDATE = link(
                "EVP_DigestUpdate",
                FunctionDescriptor.of(INT, ValueLayout.ADDRESS, ValueLayout.ADDRESS, WORD),
                Linker.Option.critical(true));
        private static final MethodHandle FINISH = link(
                "EVP_DigestFinal_ex",
                FunctionDescriptor.of(INT, ValueLayout.ADDRESS, ValueLayout.ADDRESS, WORD),
                Linker.Option.critical(true));
        private static final long ALGORITHM = algorithm();

        private Library() {}

        private static MethodHandle link(String name, FunctionDescriptor descriptor, Linker.Option... options) {
            return Linker.nativeLinker().downcallHandle(SYMBOLS.findOrThrow(name), descriptor, options);
        }

        private static long algorithm() {
            try {
                return (long) link("EVP_sha256", FunctionDescriptor.of(WORD)).invokeExact();
            } catch (Throwable t) {
                throw Libc.unexpected(t);
            }
        }

        static MemorySegment newContext() {
            try {
                long context = (long) NEW.invokeExact();
                if (context == 0) {
                    throw new OutOfMemoryError("EVP_MD_CTX_new");
                }
                return MemorySegment.ofAddress(context).reinterpret(Arena.ofAuto(), Library::free);
            } catch (Throwable t) {
                throw Libc.unexpected(t);
            }
        }

        private static void free(MemorySegment context) {
            try {
                FREE.invokeExact(context.address());
            } catch (Throwable t) {
                throw Libc.unexpected(t);
            }
        }

        static void init(MemorySegment context) {
            try {
                check((int) INIT.invokeExact(context, ALGORITHM, 0L));
            } catch (Throwable t) {
                throw Libc.unexpected(t);
            }
        }

        static void update(MemorySegment context, MemorySegment data) {
            try {
                check((int) UPDATE.invokeExact(context, data, data.byteSize()));
            } catch (Throwable t) {
                throw Libc.unexpected(t);
            }
        }

        static void finish(MemorySegment context, MemorySegment digest) {
            try {
                check((int) FINISH.invokeExact(context, digest, 0L));
            } catch (Throwable t) {
                throw Libc.unexpected(t);
            }
        }

        private static void check(int result) {
            if (result != 1) {
                throw new IllegalStateException("libcrypto refuses SHA-256");
            }
        }
    }

    /** Whether this host has the library. */
    private static final class Available {
        private static final Optional<SymbolLookup> SYMBOLS = load();

        private static Optional<SymbolLookup> load() {
            try {
                return Optional.of(SymbolLookup.libraryLookup("libcrypto.so.3", Arena.global()));
            } catch (IllegalArgumentException e) {
                return Optional.empty();
            }
        }
    }
}
