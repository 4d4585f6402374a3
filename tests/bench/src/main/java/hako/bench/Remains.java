package hako.bench;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * What must not outlive the benchmark, however it ends: the programs it runs and what it has put on the host. Broken off by a
 * signal, or by the end of whoever started it, it ends the programs and undoes the rest, last first. Threads: any.
 */
final class Remains {
    private static final int PATIENCE_SECONDS = 5;
    private static final int ORPHANED = 1;

    /** Guarded by the class, as are the others. */
    private static final Set<Process> programs = new LinkedHashSet<>();

    private static final Deque<Held> held = new ArrayDeque<>();
    private static @Nullable Thread sweeper;

    private Remains() {}

    /** Something to be undone, once. */
    static final class Held implements AutoCloseable {
        private final Runnable undo;

        private Held(Runnable undo) {
            this.undo = undo;
        }

        @Override
        public void close() {
            synchronized (Remains.class) {
                if (isBrokenOff() || !held.remove(this)) {
                    return;
                }
            }
            undo.run();
        }
    }

    /** From now on what is left is swept at the end. */
    static void watch() {
        Runtime.getRuntime().addShutdownHook(new Thread(Remains::sweep, "sweep"));
        ProcessHandle.current().parent().ifPresent(parent -> parent.onExit().thenRun(() -> System.exit(ORPHANED)));
    }

    static synchronized Held hold(Runnable undo) {
        Held one = new Held(undo);
        held.push(one);
        return one;
    }

    /** Starts a program, unless it is over. */
    static synchronized Process start(ProcessBuilder program) throws IOException {
        if (isBrokenOff()) {
            throw new BenchmarkException("broken off");
        }
        programs.removeIf(one -> !one.isAlive());
        Process process = program.start();
        programs.add(process);
        return process;
    }

    /** Whether it is over for this thread: another one sweeps. */
    static synchronized boolean isBrokenOff() {
        return sweeper != null && sweeper != Thread.currentThread();
    }

    private static void sweep() {
        Set<Process> running;
        Deque<Held> left;
        synchronized (Remains.class) {
            sweeper = Thread.currentThread();
            running = new LinkedHashSet<>(programs);
            left = new ArrayDeque<>(held);
        }
        running.forEach(Remains::end);
        for (Held one : left) {
            try {
                one.close();
            } catch (RuntimeException e) {
                System.err.println("bench: " + e.getMessage());
            }
        }
    }

    private static void end(Process process) {
        process.descendants().forEach(ProcessHandle::destroy);
        process.destroy();
        try {
            if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
        }
    }
}
