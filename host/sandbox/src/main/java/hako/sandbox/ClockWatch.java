package hako.sandbox;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sets the guests' clocks when the host's has jumped: it was set, or the host slept. A guest counts by itself and would not know. What
 * tells of it is the distance between the wall clock and one that only counts. Thread: its own, {@code clock-watch}.
 */
public final class ClockWatch implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(ClockWatch.class);

    private static final Duration PACE = Duration.ofSeconds(1);

    private static final Duration JUMP = Duration.ofMillis(100);

    private final Sandboxes sandboxes;
    private final InstantSource wall;
    private final LongSupplier monotonicNs;
    private final Thread thread;
    private long distanceNs;

    private ClockWatch(Sandboxes sandboxes, InstantSource wall, LongSupplier monotonicNs) {
        this.sandboxes = sandboxes;
        this.wall = wall;
        this.monotonicNs = monotonicNs;
        this.thread = Thread.ofVirtual().name("clock-watch").unstarted(this::run);
        this.distanceNs = distance(wall.instant(), monotonicNs.getAsLong());
    }

    public static ClockWatch start(Sandboxes sandboxes) {
        ClockWatch watch = unstarted(sandboxes, sandboxes.node().clock(), System::nanoTime);
        watch.thread.start();
        return watch;
    }

    static ClockWatch unstarted(Sandboxes sandboxes, InstantSource wall, LongSupplier monotonicNs) {
        return new ClockWatch(sandboxes, wall, monotonicNs);
    }

    private void run() {
        try {
            while (true) {
                Thread.sleep(PACE);
                lookSafely();
            }
        } catch (InterruptedException e) {
            // closed
        }
    }

    /** What went wrong once may go well the next time. */
    private void lookSafely() {
        try {
            look();
        } catch (RuntimeException e) {
            log.error("look at the host's clock", e);
        }
    }

    void look() {
        long before = monotonicNs.getAsLong();
        Instant now = wall.instant();
        if (monotonicNs.getAsLong() - before > JUMP.toNanos() / 2) {
            return; // a busy host let time pass between the two
        }
        long jump = distance(now, before) - distanceNs;
        if (Math.abs(jump) > JUMP.toNanos()) {
            distanceNs += jump;
            log.warn("the host's clock has jumped by {} s; the guests' are set", jump / 1_000_000 / 1000.0);
            sandboxes.containers().forEach(this::set);
        }
    }

    private static long distance(Instant wall, long monotonicNs) {
        return Sandbox.nanos(wall) - monotonicNs;
    }

    /** One that does not answer, or fails, holds up no other. */
    private void set(Container container) {
        Thread.ofVirtual()
                .name("clock-" + ContainerId.shortened(container.id()))
                .start(() -> {
                    try {
                        Sandbox sandbox = container.sandboxOrNull();
                        if (sandbox != null && !sandbox.vm().exited().isDone()) {
                            sandbox.setClock(wall.instant());
                        }
                    } catch (RuntimeException e) {
                        log.warn("container {}: set its clock: {}", container.name(), e.getMessage(), e);
                    }
                });
    }

    @Override
    public void close() {
        thread.interrupt();
    }
}
