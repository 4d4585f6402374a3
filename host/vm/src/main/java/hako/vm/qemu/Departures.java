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
    /** By ACPI 0.1 s; a guest that is still booting looks when it is up. */
    private static final Duration PATIENCE = Duration.ofSeconds(15);

    private final String vmId;
    private final Map<String, CompletableFuture<Boolean>> leaving = new ConcurrentHashMap<>();

    Departures(String vmId) {
        this.vmId = vmId;
    }

    /**
     * Asks, and returns when it has gone.
     *
     * @throws HakoException {@code GUEST} when the guest refuses, {@code TIMEOUT} when it does not answer
     */
    void await(String id, Runnable ask) {
        CompletableFuture<Boolean> gone = new CompletableFuture<>();
        leaving.put(DeviceCommands.FRONT + id, gone);
        try {
            ask.run();
            if (!gone.get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
                throw failed(id, Code.GUEST, "the guest refused");
            }
        } catch (TimeoutException e) {
            throw failed(
                    id, Code.TIMEOUT, "the guest has not let go of it within %d s".formatted(PATIENCE.toSeconds()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw failed(id, Code.UNAVAILABLE, "interrupted");
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        } finally {
            leaving.remove(DeviceCommands.FRONT + id);
        }
    }

    /** QEMU's word about a device by its name there. */
    void left(String device, boolean gone) {
        CompletableFuture<Boolean> waiting = leaving.get(device);
        if (waiting != null) {
            waiting.complete(gone);
        }
    }

    private HakoException failed(String id, Code code, String fact) {
        return new HakoException(Kind.EXTERNAL, code, "unplug %s from VM %s: %s".formatted(id, vmId, fact));
    }
}
