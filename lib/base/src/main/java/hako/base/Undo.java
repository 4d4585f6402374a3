package hako.base;

import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/**
 * What has been acquired so far and how to give it back: acquire, {@link #add} the undo, {@link #release} on success.
 * Closed without release it undoes everything in reverse order; the first failure is thrown, later ones are suppressed
 * by it. One thread.
 */
public final class Undo implements AutoCloseable {
    /** One step back; may fail. */
    @FunctionalInterface
    public interface Step {
        void run() throws Exception;
    }

    private final Deque<Step> steps = new ArrayDeque<>();

    public void add(Step step) {
        steps.push(step);
    }

    /** Everything acquired is the caller's now. */
    public void release() {
        steps.clear();
    }

    @Override
    public void close() {
        @Nullable Exception first = null;
        while (!steps.isEmpty()) {
            try {
                steps.pop().run();
            } catch (Exception e) {
                if (first == null) {
                    first = e;
                } else {
                    first.addSuppressed(e);
                }
            }
        }
        switch (first) {
            case null -> {}
            case RuntimeException e -> throw e;
            default ->
                throw new HakoException(
                        HakoException.Kind.INTERNAL, HakoException.Code.INTERNAL, "undo: " + first.getMessage(), first);
        }
    }
}
