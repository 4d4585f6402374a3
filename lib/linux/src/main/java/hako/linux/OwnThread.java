package hako.linux;

import hako.base.HakoException;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;

/**
 * A platform thread for one piece of work: for calls that stay in the kernel for long, which would hold a virtual
 * thread's carrier, and for those that change the thread itself. It starts in the network namespace of its maker.
 */
public final class OwnThread {
    private OwnThread() {}

    /** Waits for the work; what it throws is thrown here. Costs about 0.1 ms. */
    public static <T> T call(String name, Callable<T> work) {
        CompletableFuture<T> result = new CompletableFuture<>();
        Thread.ofPlatform().name(name).start(() -> {
            try {
                result.complete(work.call());
            } catch (Throwable t) {
                result.completeExceptionally(t);
            }
        });
        try {
            return result.get();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new HakoException(
                    HakoException.Kind.EXTERNAL, HakoException.Code.TIMEOUT, "wait for " + name + ": interrupted", e);
        } catch (ExecutionException e) {
            throw switch (e.getCause()) {
                case RuntimeException cause -> cause;
                case Error cause -> throw cause;
                case null, default -> new IllegalStateException(e.getCause());
            };
        }
    }
}
