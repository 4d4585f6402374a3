package hako.ttrpc;

import hako.base.HakoException.Code;
import hako.base.HakoException.Kind;

/** {@code google.rpc.Code} (googleapis, {@code google/rpc/code.proto}), with what each means to Hako. */
public enum StatusCode {
    OK(0, Kind.INTERNAL, Code.INTERNAL),
    CANCELLED(1, Kind.EXTERNAL, Code.UNAVAILABLE),
    UNKNOWN(2, Kind.EXTERNAL, Code.INTERNAL),
    INVALID_ARGUMENT(3, Kind.USER, Code.INVALID_ARGUMENT),
    DEADLINE_EXCEEDED(4, Kind.EXTERNAL, Code.TIMEOUT),
    NOT_FOUND(5, Kind.USER, Code.NOT_FOUND),
    ALREADY_EXISTS(6, Kind.USER, Code.ALREADY_EXISTS),
    PERMISSION_DENIED(7, Kind.USER, Code.PERMISSION),
    RESOURCE_EXHAUSTED(8, Kind.RESOURCES, Code.NO_SPACE),
    FAILED_PRECONDITION(9, Kind.USER, Code.WRONG_STATE),
    ABORTED(10, Kind.EXTERNAL, Code.UNAVAILABLE),
    OUT_OF_RANGE(11, Kind.USER, Code.INVALID_ARGUMENT),
    UNIMPLEMENTED(12, Kind.EXTERNAL, Code.UNSUPPORTED),
    INTERNAL(13, Kind.EXTERNAL, Code.INTERNAL),
    UNAVAILABLE(14, Kind.EXTERNAL, Code.UNAVAILABLE),
    DATA_LOSS(15, Kind.EXTERNAL, Code.CORRUPT),
    UNAUTHENTICATED(16, Kind.USER, Code.PERMISSION);

    private final int number;
    private final Kind kind;
    private final Code code;

    StatusCode(int number, Kind kind, Code code) {
        this.number = number;
        this.kind = kind;
        this.code = code;
    }

    /** The code with this number; {@link #UNKNOWN} for numbers nobody has defined. */
    public static StatusCode of(int number) {
        return number >= 0 && number < values().length ? values()[number] : UNKNOWN;
    }

    /** What a door answers for a failure of ours. */
    public static StatusCode of(Code code) {
        return switch (code) {
            case INVALID_ARGUMENT -> INVALID_ARGUMENT;
            case NOT_FOUND, COMMAND_NOT_FOUND -> NOT_FOUND;
            case ALREADY_EXISTS -> ALREADY_EXISTS;
            case WRONG_STATE -> FAILED_PRECONDITION;
            case PERMISSION, COMMAND_NOT_EXECUTABLE -> PERMISSION_DENIED;
            case UNAVAILABLE, VM_FAILED -> UNAVAILABLE;
            case TIMEOUT -> DEADLINE_EXCEEDED;
            case NO_SPACE -> RESOURCE_EXHAUSTED;
            case CORRUPT -> DATA_LOSS;
            case UNSUPPORTED -> UNIMPLEMENTED;
            case GUEST, INTERNAL -> INTERNAL;
        };
    }

    public int number() {
        return number;
    }

    Kind kind() {
        return kind;
    }

    Code code() {
        return code;
    }
}
