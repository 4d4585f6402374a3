package hako.ttrpc;

import hako.base.HakoException;
import org.jspecify.annotations.Nullable;

/** A call that was answered with a failure, timed out, or whose connection broke. */
public final class TtrpcException extends HakoException {
    private static final long serialVersionUID = 1;

    private final int status;

    public TtrpcException(StatusCode status, String message) {
        this(status.number(), message, null);
    }

    TtrpcException(int status, String message, @Nullable Throwable cause) {
        super(StatusCode.of(status).kind(), StatusCode.of(status).code(), message, cause);
        this.status = status;
    }

    /** A {@code google.rpc.Code}, as the peer sent it or as this side says it; see {@link StatusCode}. */
    public int status() {
        return status;
    }
}
