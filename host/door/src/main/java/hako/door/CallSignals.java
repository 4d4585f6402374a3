package hako.door;

import hako.doorstep.Caller;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What signals to the caller do to its call: they end it, until it hands them to a process. Signals arrive on the
 * caller's own thread; the call has another.
 */
public final class CallSignals {
    /** Who takes the signals, and the news that the caller was killed, from the call. */
    public interface Target {
        void signal(int number);

        void gone();
    }

    /** How long a caller who has ended its call waits for the tidying. */
    private static final Duration PATIENCE = Duration.ofSeconds(1);

    private static final int MOST_EARLY = 64;

    private final Caller caller;
    private final Thread call;
    /** Guarded by this. */
    private @Nullable Target target;

    /** The signal that ended the call, or 0. Guarded by this. */
    private int ended;

    /** The caller was killed. Guarded by this. */
    private boolean gone;

    /** What the call does now must not be broken off; this ends it in its own way. Guarded by this. */
    private @Nullable Runnable held;

    /** To a call that goes on where the last daemon left it: they are the process's, once it is found. Guarded by this. */
    private final List<Integer> early = new ArrayList<>();

    /** Of the call of this thread. */
    public CallSignals(Caller caller) {
        this.caller = caller;
        this.call = Thread.currentThread();
        caller.onSignal(this::signal);
        caller.onGone(this::gone);
    }

    /**
     * From here on signals, until a target takes them, are only remembered: what comes now is done to its end, and
     * undone if need be.
     *
     * @param giveUp makes what is done now end soon
     * @throws InterruptedException if one has ended the call before
     */
    public synchronized void hold(Runnable giveUp) throws InterruptedException {
        if (endedCall()) {
            throw new InterruptedException("the caller ended the call");
        }
        held = giveUp;
    }

    /**
     * From now on signals are the target's.
     *
     * @throws InterruptedException if one has ended the call before
     */
    public synchronized void handTo(Target newTarget) throws InterruptedException {
        if (endedCall()) {
            throw new InterruptedException("the caller ended the call");
        }
        target = newTarget;
        early.forEach(newTarget::signal);
        early.clear();
    }

    /** Whether a signal, or the caller's death, ended this call. */
    public synchronized boolean endedCall() {
        return ended != 0 || gone;
    }

    /** Of a call that was ended so. */
    public synchronized int exitCode() {
        return Signals.exitCode(ended != 0 ? ended : Signals.SIGKILL);
    }

    private void signal(int number) {
        Target to = to(number);
        if (to != null) {
            to.signal(number);
        }
    }

    private synchronized @Nullable Target to(int number) {
        if (target == null && !caller.token().isEmpty()) {
            if (early.size() < MOST_EARLY) {
                early.add(number);
            }
        } else if (target == null && ends(number)) {
            if (ended != 0) { // and again: not even the tidying is waited for
                caller.exit(exitCode());
            }
            ended = number;
            breakOff();
        }
        return target;
    }

    private void gone() {
        Target to;
        synchronized (this) {
            gone = true;
            to = target;
            if (to == null) {
                breakOff();
            }
        }
        if (to != null) {
            to.gone();
        }
    }

    private synchronized void breakOff() {
        if (held != null) {
            Runnable giveUp = held;
            Thread.ofVirtual().name("call-" + caller.pid() + "-end").start(() -> {
                giveUp.run();
                leave();
            });
        } else {
            call.interrupt();
        }
    }

    /** What is being done is undone, but nobody needs to wait for it for long. */
    private void leave() {
        try {
            Thread.sleep(PATIENCE);
            caller.exit(exitCode());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static boolean ends(int number) {
        return number == Signals.SIGINT
                || number == Signals.SIGTERM
                || number == Signals.SIGHUP
                || number == Signals.SIGQUIT;
    }
}
