package hako.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/**
 * Native functions of glibc, all linked in one shape: seven machine words in, one out, errno kept. The linker spins its
 * classes once per shape, about 10 ms each; every further function is then almost free.
 *
 * <p>SAFETY: every function linked here takes at most seven arguments, all integers or pointers. On x86_64 and aarch64
 * these travel one per word, whatever their width, in registers and then on the stack; a callee reads the low part of
 * those it declares and never sees further ones, which the caller takes off the stack. Narrower results are in the low
 * part of the word. Pointers are passed as addresses: the caller holds the arena that owns the memory open until the
 * call returned.
 */
final class Libc {
    private static final Linker LINKER = Linker.nativeLinker();
    private static final ValueLayout.OfLong WORD = ValueLayout.JAVA_LONG;
    private static final FunctionDescriptor SHAPE =
            FunctionDescriptor.of(WORD, WORD, WORD, WORD, WORD, WORD, WORD, WORD);
    private static final MemoryLayout STATE = Linker.Option.captureStateLayout();

    private Libc() {}

    static MethodHandle link(String name) {
        return LINKER.downcallHandle(
                LINKER.defaultLookup().findOrThrow(name), SHAPE, Linker.Option.captureCallState("errno"));
    }

    /** Where a function leaves errno. */
    static MemorySegment state(Arena arena) {
        return arena.allocate(STATE);
    }

    /** Its only field, a C int. */
    static int errno(MemorySegment state) {
        return state.get(ValueLayout.JAVA_INT, 0);
    }

    static int call(MethodHandle function, long a) {
        return call(function, a, 0, 0, 0, 0, 0);
    }

    static int call(MethodHandle function, long a, long b) {
        return call(function, a, b, 0, 0, 0, 0);
    }

    static int call(MethodHandle function, long a, long b, long c) {
        return call(function, a, b, c, 0, 0, 0);
    }

    /** One that answers an {@code int}. */
    static int call(MethodHandle function, long a, long b, long c, long d, long e, long f) {
        try (Arena arena = Arena.ofConfined()) {
            return (int) (long) function.invokeExact(state(arena), a, b, c, d, e, f, 0L);
        } catch (Throwable t) {
            throw unexpected(t);
        }
    }

    /** A native call throws nothing checked; what comes here is a mistake in a descriptor or an Error. */
    static RuntimeException unexpected(Throwable t) {
        return switch (t) {
            case RuntimeException e -> e;
            case Error e -> throw e;
            default -> new IllegalStateException(t);
        };
    }
}
