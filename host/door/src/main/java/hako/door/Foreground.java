package hako.door;

import hako.base.HakoException;
import hako.doorstep.Caller;
import hako.sandbox.ExitReport;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A process that runs in front of its caller: output, input, signals and the size of the terminal pass between them
 * until the one ends or the other does. The call's thread copies output; input, and what the caller does, have one
 * virtual thread each. Belongs to one call.
 */
public final class Foreground implements CallSignals.Target {
    private static final Logger log = LoggerFactory.getLogger(Foreground.class);
    private static final int MOST_WAITING = 64;
    private static final Duration PATIENCE = Duration.ofSeconds(2);

    private final Caller caller;
    private final AttendedProcess process;
    private final boolean interactive;
    private final boolean terminal;
    /** What the caller did, in order; carried out once the process runs. Bounded: who sends more is not served. */
    private final BlockingQueue<Runnable> doings = new LinkedBlockingQueue<>(MOST_WAITING);

    /** The caller was killed. Guarded by this. */
    private boolean gone;

    /** The thread that copies output, while it does. Guarded by this. */
    private @Nullable Thread copier;

    /**
     * @param interactive the caller's input is the process's
     * @param terminal the process has a terminal
     */
    public Foreground(Caller caller, AttendedProcess process, boolean interactive, boolean terminal) {
        this.caller = caller;
        this.process = process;
        this.interactive = interactive;
        this.terminal = terminal;
    }

    @Override
    public void signal(int number) {
        doings.offer(() -> process.signal(number));
    }

    private void resize(int rows, int columns) {
        if (rows > 0 && columns > 0) {
            doings.offer(() -> process.resize(rows, columns));
        }
    }

    @Override
    public synchronized void gone() {
        gone = true;
        if (copier != null) {
            copier.interrupt();
        }
    }

    /**
     * Until the end; the process has been started.
     *
     * @param complain told why the process ended, where it did not end by itself
     * @return the exit code for the caller
     */
    public int run(Consumer<String> complain) {
        if (terminal) {
            resize(caller.rows(), caller.columns());
            caller.onResize(this::resize);
            if (interactive && caller.stdinIsTerminal()) {
                caller.raw(true);
            }
        }
        Thread doer = Thread.ofVirtual().name(name("signals")).start(this::carryOut);
        Thread feeder = interactive ? Thread.ofVirtual().name(name("stdin")).start(this::feed) : null;
        try {
            return copy(complain);
        } catch (Abandoned e) {
            abandon(feeder);
            return Signals.exitCode(e.signal);
        } finally {
            doer.interrupt();
            if (feeder != null) {
                feeder.interrupt();
            }
        }
    }

    /** There is nobody any more who reads the output. */
    private static final class Abandoned extends Exception {
        private static final long serialVersionUID = 1;

        /** That would have ended the caller, or has. */
        private final int signal;

        Abandoned(int signal) {
            this.signal = signal;
        }
    }

    private int copy(Consumer<String> complain) throws Abandoned {
        try {
            beginCopying();
            process.copy();
            ExitReport exit = process.exit();
            if (!exit.reason().isEmpty()) {
                complain.accept(exit.reason());
            }
            return exit.code();
        } catch (IOException e) {
            log.debug(
                    "{}: the caller does not read any more: {}",
                    Thread.currentThread().getName(),
                    e.getMessage());
            throw new Abandoned(Signals.SIGPIPE);
        } catch (InterruptedException e) {
            throw new Abandoned(Signals.SIGKILL);
        } finally {
            endCopying();
        }
    }

    /** Its input has ended, too; unless it has a terminal, which nobody sits at now, but somebody may again. */
    private void abandon(@Nullable Thread feeder) {
        process.abandon();
        if (feeder == null || terminal) {
            return;
        }
        try {
            feeder.interrupt();
            feeder.join(PATIENCE);
            Thread end = Thread.ofVirtual().name(name("stdin-end")).start(process::endInput);
            end.join(PATIENCE);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private synchronized void beginCopying() throws InterruptedException {
        if (gone) {
            throw new InterruptedException("the caller is gone");
        }
        copier = Thread.currentThread();
    }

    private synchronized void endCopying() {
        copier = null;
        Thread.interrupted(); // it came for the copying: what tidies up is not to meet it
    }

    private void feed() {
        try {
            process.feed();
        } catch (IOException | InterruptedException e) {
            log.debug("{}: {}", Thread.currentThread().getName(), e.getMessage());
        }
    }

    private void carryOut() {
        try {
            while (true) {
                Runnable doing = doings.take();
                try {
                    doing.run();
                } catch (HakoException e) { // it has ended just now, or its guest is gone: its end will tell
                    log.debug("{}: {}", Thread.currentThread().getName(), e.getMessage());
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private String name(String what) {
        return "call-" + caller.pid() + "-" + what;
    }
}
