package hako.base;

import org.jspecify.annotations.Nullable;

/**
 * What every module throws. The message says action, object, fact and, where there is one, the mend; the {@link Kind}
 * says whose it is to mend; the code is stable and is what programs decide on. Each door maps them to its own statuses
 * in one place.
 */
public class HakoException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /** Whose it is to mend. */
    public enum Kind {
        /** The request is wrong: the caller mends it. */
        USER,
        /** Something outside Hako refused or vanished: a registry, the VMM, the guest. */
        EXTERNAL,
        /** Out of memory, disk, ports, addresses. */
        RESOURCES,
        /** A mistake in Hako. */
        INTERNAL
    }

    /** Stable reasons that doors and callers decide on. */
    public enum Code {
        INVALID_ARGUMENT,
        NOT_FOUND,
        ALREADY_EXISTS,
        WRONG_STATE,
        COMMAND_NOT_FOUND,
        COMMAND_NOT_EXECUTABLE,
        PERMISSION,
        UNAVAILABLE,
        TIMEOUT,
        NO_SPACE,
        CORRUPT,
        UNSUPPORTED,
        VM_FAILED,
        GUEST,
        INTERNAL
    }

    private final Kind kind;
    private final Code code;

    public HakoException(Kind kind, Code code, String message) {
        this(kind, code, message, null);
    }

    public HakoException(Kind kind, Code code, String message, @Nullable Throwable cause) {
        super(message, cause);
        this.kind = kind;
        this.code = code;
    }

    /** The request is wrong; {@code message} tells the caller what to change. */
    public static HakoException user(Code code, String message) {
        return new HakoException(Kind.USER, code, message);
    }

    public Kind kind() {
        return kind;
    }

    public Code code() {
        return code;
    }
}
