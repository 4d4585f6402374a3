package hako.sandbox;

import hako.base.HakoException;
import hako.vm.Vm;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the guest of a sandbox is to let go of, since no container of it has it any more. A guest that does not is asked again, three
 * times in all; then its VM ends, and so does what it holds. Threads: whoever holds {@link Sandbox#changing}; one of its own for each
 * thing that is held, {@code sandbox-ID-release}.
 */
final class GuestReleases {
    /** From one time to the next: QEMU takes the same request again after 5 s. */
    static final Duration PAUSE = Duration.ofSeconds(5);

    private static final int TIMES = 3;
    private static final Logger log = LoggerFactory.getLogger(GuestReleases.class);

    private final String sandboxId;
    private final Vm vm;
    private final ReentrantLock changing;
    private final Duration pause;
    /** By what it is. Guarded by changing. */
    private final Set<String> held = new HashSet<>();

    GuestReleases(String sandboxId, Vm vm, ReentrantLock changing, Duration pause) {
        this.sandboxId = sandboxId;
        this.vm = vm;
        this.changing = changing;
        this.pause = pause;
    }

    /** @param letGo asks the guest to, and returns when it has; {@code NOT_FOUND}: it has no such thing */
    void ask(String what, Runnable letGo) {
        if (!isReleased(what, letGo) && held.add(what)) {
            Thread.ofVirtual()
                    .name("sandbox-" + ContainerId.shortened(sandboxId) + "-release")
                    .start(() -> insist(what, letGo));
        }
    }

    /** The same for somebody who cannot go on without it. */
    void require(String what, Runnable letGo) {
        try {
            letGo.run();
        } catch (HakoException e) {
            if (e.code() != HakoException.Code.NOT_FOUND) {
                throw e;
            }
        }
        held.remove(what);
    }

    private boolean isReleased(String what, Runnable letGo) {
        try {
            require(what, letGo);
            return true;
        } catch (RuntimeException e) {
            log.warn("sandbox {}: clean up: {}", ContainerId.shortened(sandboxId), e.getMessage(), e);
            return false;
        }
    }

    private void insist(String what, Runnable letGo) {
        for (int times = 1; !isOver(); times++) {
            changing.lock();
            try {
                if (!held.contains(what)) {
                    return;
                }
                if (times == TIMES) {
                    vm.end("its guest does not let go of %s, which no container of it has any more".formatted(what));
                    return;
                }
                if (isReleased(what, letGo)) {
                    return;
                }
            } catch (HakoException e) {
                log.error("sandbox {}: {}", ContainerId.shortened(sandboxId), e.getMessage());
                return;
            } finally {
                changing.unlock();
            }
        }
    }

    /** Whether the VM ends within a pause. */
    private boolean isOver() {
        try {
            vm.exited().get(pause.toMillis(), TimeUnit.MILLISECONDS);
            return true;
        } catch (TimeoutException e) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return true;
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        }
    }
}
