package hako.doorstep;

import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

/** Something asked of the caller, one at a time, by one thread, and answered by a frame that another receives. */
final class Question<T> {
    /** Guarded by this, as is the other. */
    private CompletableFuture<T> answer = new CompletableFuture<>();

    private boolean ended;

    /** @throws IOException nobody will answer any more */
    T ask(Runnable send) throws IOException, InterruptedException {
        CompletableFuture<T> asked = begin();
        send.run();
        try {
            return asked.get();
        } catch (ExecutionException e) {
            throw new IOException("the caller is gone", e);
        }
    }

    private synchronized CompletableFuture<T> begin() {
        answer = new CompletableFuture<>();
        if (ended) {
            fail();
        }
        return answer;
    }

    /** An answer to no question is dropped. */
    synchronized void answer(T value) {
        answer.complete(value);
    }

    /** The caller is gone. */
    synchronized void end() {
        ended = true;
        fail();
    }

    private void fail() {
        answer.completeExceptionally(new IOException("the caller is gone"));
    }
}
