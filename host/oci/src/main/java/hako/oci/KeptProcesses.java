package hako.oci;

import hako.base.HakoException;
import hako.base.HakoException.Code;
import hako.base.HakoException.Kind;
import hako.doorstep.Caller;
import hako.doorstep.View;
import hako.linux.Fd;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Processes of this host that stand for containers and execs: their pids and exit codes are what a container manager goes
 * by. A call has its door-step leave one behind, which calls in its turn; here the two meet. Threads: any.
 */
final class KeptProcesses {
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    /** Pids, by the token the process will call with. */
    private final Map<String, CompletableFuture<Long>> awaited = new ConcurrentHashMap<>();

    /**
     * Returns when the process has called and is attached.
     *
     * @param command what it is shown to execute
     * @param network path of a network namespace for it, empty for a new one; null: the caller's
     * @param view what whoever joins its mount namespace finds there; null: the host
     * @param terminal its streams; null: the caller's
     * @return its pid
     */
    long leave(
            Caller caller,
            String token,
            List<String> command,
            @Nullable String network,
            @Nullable View view,
            @Nullable Fd terminal)
            throws InterruptedException {
        CompletableFuture<Long> pid = new CompletableFuture<>();
        awaited.put(token, pid);
        try {
            caller.stay(token, command, network, view, terminal);
            return pid.get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            throw new HakoException(
                    Kind.EXTERNAL,
                    Code.TIMEOUT,
                    "leave a process behind for the container: it has not called within " + PATIENCE.toSeconds() + " s",
                    e);
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        } finally {
            awaited.remove(token);
        }
    }

    /** It is attached. @return whether somebody waits; else an earlier daemon did */
    boolean arrived(String token, long pid) {
        CompletableFuture<Long> waiting = awaited.get(token);
        return waiting != null && waiting.complete(pid);
    }
}
