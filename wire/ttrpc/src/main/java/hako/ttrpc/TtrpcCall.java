package hako.ttrpc;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import hako.base.HakoException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * A request on its way. It was put in line when it was started, so several started one after another arrive in that
 * order. Threads: any; the answer may be awaited more than once, and by several.
 */
public final class TtrpcCall<T> {
    /** From the payload of an answer to what the caller wants: {@code Message.parser()::parseFrom}. */
    @FunctionalInterface
    interface Decoder<T> {
        T decode(ByteString payload) throws InvalidProtocolBufferException;
    }

    private final String what;
    private final Decoder<T> decoder;
    private final int maxAnswerBytes;
    private final Runnable forget;
    private final CompletableFuture<Response> answer = new CompletableFuture<>();

    TtrpcCall(String what, Decoder<T> decoder, int maxAnswerBytes, Runnable forget) {
        this.what = what;
        this.decoder = decoder;
        this.maxAnswerBytes = maxAnswerBytes;
        this.forget = forget;
    }

    /**
     * The answer.
     *
     * @throws TtrpcException as the peer answered, {@link StatusCode#DEADLINE_EXCEEDED} when it did not in time, or
     *     {@link StatusCode#CANCELLED} when this thread was interrupted; the call is then abandoned
     * @throws HakoException the reason why the connection failed
     */
    public T await(Duration timeout) {
        return get(timeout);
    }

    /** The answer, however long it takes; a broken connection ends this wait as well. */
    public T await() {
        return get(null);
    }

    /** Waits no longer: whoever awaits the answer, and an answer still to come, gets nothing. */
    public void cancel() {
        fail(new TtrpcException(StatusCode.CANCELLED, what + ": cancelled"));
        forget.run();
    }

    /** Whether {@link #await} would return, or throw, at once. */
    public boolean isDone() {
        return answer.isDone();
    }

    /**
     * Fails the call where its answer is longer than the caller bargained for. Bytes make many times as much heap once
     * they are parsed (an empty submessage has two), so this comes before anything looks into them.
     */
    boolean refuses(ByteString encoded) {
        if (encoded.size() <= maxAnswerBytes) {
            return false;
        }
        fail(new TtrpcException(
                StatusCode.RESOURCE_EXHAUSTED,
                "%s: the answer has %d bytes; at most %d are taken".formatted(what, encoded.size(), maxAnswerBytes)));
        return true;
    }

    void answered(Response response) {
        answer.complete(response);
    }

    void fail(HakoException reason) {
        answer.completeExceptionally(reason);
    }

    private T get(@Nullable Duration timeout) {
        try {
            return parse(timeout == null ? answer.get() : answer.get(timeout.toNanos(), TimeUnit.NANOSECONDS));
        } catch (TimeoutException e) {
            fail(new TtrpcException(
                    StatusCode.DEADLINE_EXCEEDED,
                    what + ": no answer within " + FrameWriter.describe(timeoutOf(timeout))));
            forget.run();
            return get(null); // as it was decided: an answer may have come just now
        } catch (InterruptedException e) {
            cancel();
            Thread.currentThread().interrupt();
            throw new TtrpcException(StatusCode.CANCELLED.number(), what + ": interrupted", e);
        } catch (ExecutionException e) {
            throw forThisThread(e);
        }
    }

    private static Duration timeoutOf(@Nullable Duration timeout) {
        return timeout == null ? Duration.ZERO : timeout;
    }

    private T parse(Response response) {
        if (response.status() != 0) {
            throw new TtrpcException(response.status(), response.message(), null);
        }
        try {
            return decoder.decode(response.payload());
        } catch (InvalidProtocolBufferException e) {
            throw new TtrpcException(
                    StatusCode.DATA_LOSS.number(), what + ": the answer is no valid message: " + e.getMessage(), e);
        }
    }

    /** A failure that several threads may meet: each gets its own stack trace, with the shared one as its cause. */
    private static HakoException forThisThread(ExecutionException wrapper) {
        return switch (wrapper.getCause()) {
            case TtrpcException e -> new TtrpcException(e.status(), e.getMessage(), e);
            case HakoException e -> new HakoException(e.kind(), e.code(), e.getMessage(), e);
            case null, default ->
                new HakoException(
                        HakoException.Kind.INTERNAL, HakoException.Code.INTERNAL, wrapper.toString(), wrapper);
        };
    }
}
