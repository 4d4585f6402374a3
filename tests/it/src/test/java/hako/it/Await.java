package hako.it;

import java.time.Duration;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;

/** Waiting for a fact, by name and with a deadline. */
final class Await {
    private static final Duration PAUSE = Duration.ofMillis(5);

    private Await() {}

    /** @param what completes the sentence "waited for …" */
    static void until(String what, Duration patience, BooleanSupplier fact) {
        until(what, patience, fact, () -> "");
    }

    /** @param otherwise what is seen instead, for the message */
    static void until(String what, Duration patience, BooleanSupplier fact, Supplier<String> otherwise) {
        long deadline = System.nanoTime() + patience.toNanos();
        while (!fact.getAsBoolean()) {
            if (System.nanoTime() > deadline) {
                String seen = otherwise.get();
                throw new AssertionError(
                        "waited %s for %s%s".formatted(patience, what, seen.isEmpty() ? "" : "; instead:\n" + seen));
            }
            pause();
        }
    }

    private static void pause() {
        try {
            Thread.sleep(PAUSE);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted", e);
        }
    }
}
