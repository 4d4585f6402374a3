package hako.vm.qemu;

import hako.base.HakoException;
import hako.base.HakoException.Code;
import hako.base.HakoException.Kind;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Devices the guest has been asked to let go of, until QEMU says it did. Threads: any. */
final class Departures {
    private final String vmId;
    private final Duration patience;
    private final Map<String, CompletableFuture<Boolean>> leaving = new ConcurrentHashMap<>();

    Departures(String vmId, Duration patience) {
        this.vmId = vmId;
        this.patience = patience;
    }

    /**
     * Asks, and returns when it has gone.
     *
     * @throws HakoException {@code GUEST} when the guest refuses, {@code TIMEOUT} when it does not answer
     */
    void await(String id, Runnable ask) {
        CompletableFuture<Boolean> gone = new CompletableFuture<>();
        leaving.put(id, gone);
        try {
            ask.run();
            if (!gone.get(patience.toMillis(), TimeUnit.MILLISECONDS)) {
                throw failed(id, Code.GUEST, "the guest refused");
            }
        } catch (TimeoutException e) {
            throw failed(
                    id, Code.TIMEOUT, "the guest has not let go of it within %d ms".formatted(patience.toMillis()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw failed(id, Code.UNAVAILABLE, "interrupted");
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        } finally {
            leaving.remove(id);
        }
    }

    /** QEMU's word about a device. */
    void left(String id, boolean gone) {
        CompletableFuture<Boolean> waiting = leaving.get(id);
        if (waiting != null) {
            waiting.complete(gone);
        }
    }

    private HakoException failed(String id, Code code, String fact) {
        return new HakoException(Kind.EXTERNAL, code, "unplug %s from VM %s: %s".formatted(id, vmId, fact));
    }
}
