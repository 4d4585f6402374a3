package hako.image;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.net.http.HttpResponse.BodySubscriber;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;
import java.util.concurrent.LinkedBlockingQueue;
import org.jspecify.annotations.Nullable;

/**
 * The body of an answer as a stream that gives all that arrived before it tells that the connection broke. The JDK's
 * ({@code BodySubscribers.ofInputStream}) drops what was not read yet, and a download would not go on where it stopped. One
 * thread reads; any may close.
 */
final class ReceivedBody extends InputStream implements BodySubscriber<InputStream> {
    /** What came, in order. */
    private sealed interface Part {}

    /** @param last of a batch: the next may come */
    private record Bytes(ByteBuffer content, boolean last) implements Part {}

    /** @param failure null at the proper end */
    private record End(@Nullable Throwable failure) implements Part {}

    private final BlockingQueue<Part> parts = new LinkedBlockingQueue<>();
    private final CompletableFuture<Flow.Subscription> subscription = new CompletableFuture<>();

    /** The reading thread's. */
    private Part current = new Bytes(ByteBuffer.allocate(0), false);

    @Override
    public CompletionStage<InputStream> getBody() {
        return CompletableFuture.completedFuture(this);
    }

    @Override
    public void onSubscribe(Flow.Subscription given) {
        subscription.complete(given);
        given.request(1);
    }

    @Override
    public void onNext(List<ByteBuffer> batch) {
        for (int i = 0; i < batch.size(); i++) {
            parts.add(new Bytes(batch.get(i), i == batch.size() - 1));
        }
    }

    @Override
    public void onError(Throwable failure) {
        parts.add(new End(failure));
    }

    @Override
    public void onComplete() {
        parts.add(new End(null));
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    public int read(byte[] into, int offset, int length) throws IOException {
        if (length == 0) {
            return 0;
        }
        while (current instanceof Bytes bytes) {
            int count = Math.min(length, bytes.content.remaining());
            if (count > 0) {
                bytes.content.get(into, offset, count);
                return count;
            }
            if (bytes.last) {
                subscription.join().request(1);
            }
            current = next();
        }
        if (current instanceof End end && end.failure != null) {
            throw new IOException(end.failure.getMessage(), end.failure);
        }
        return -1;
    }

    private Part next() throws InterruptedIOException {
        try {
            return parts.take();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted");
        }
    }

    /** Ends the read that waits. */
    @Override
    public void close() {
        subscription.thenAccept(Flow.Subscription::cancel);
        parts.add(new End(new IOException("closed")));
    }
}
