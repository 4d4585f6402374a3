package hako.cli;

import hako.base.HakoException;
import hako.door.CallSignals;
import hako.door.Printable;
import hako.doorstep.Caller;
import hako.sandbox.Container;
import java.io.BufferedOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** One call of the command: who called, what there is to work with, where to write. One thread. */
final class Call {
    private final Caller caller;
    private final Services services;
    private final CallSignals signals;
    private final PrintStream out;
    private final PrintStream err;

    Call(Caller caller, Services services) {
        this.caller = caller;
        this.services = services;
        this.signals = new CallSignals(caller);
        this.out = new PrintStream(new BufferedOutputStream(caller.stdout()), false, StandardCharsets.UTF_8);
        this.err = new PrintStream(new BufferedOutputStream(caller.stderr()), true, StandardCharsets.UTF_8);
    }

    Caller caller() {
        return caller;
    }

    Services services() {
        return services;
    }

    CallSignals signals() {
        return signals;
    }

    /** Buffered; the end of the call flushes it. For text: bytes of a container go to {@link Caller#stdout}. */
    PrintStream out() {
        return out;
    }

    PrintStream err() {
        return err;
    }

    Instant now() {
        return services.clock().instant();
    }

    Container container(String reference) {
        return services.sandboxes().container(reference);
    }

    /** As everything that goes wrong is told: {@code hako: } and one line or more. */
    void complain(String message) {
        out.flush();
        err.println("hako: " + Printable.lines(message));
    }

    /** What a verb does to each of its arguments. */
    @FunctionalInterface
    interface Action {
        /** @return what to print */
        String on(String argument) throws InterruptedException;
    }

    /**
     * Does something to each argument, to all at once, and prints the results in their order. One that fails does not
     * keep the others from it.
     *
     * @return the exit code
     */
    int each(List<String> arguments, Action action) throws InterruptedException {
        if (arguments.size() == 1) {
            out.println(action.on(arguments.getFirst()));
            return Verb.SUCCESS;
        }
        int code = Verb.SUCCESS;
        ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
        try {
            List<Future<String>> results = new ArrayList<>();
            for (String argument : arguments) {
                results.add(threads.submit(() -> action.on(argument)));
            }
            for (Future<String> result : results) {
                try {
                    out.println(result.get());
                } catch (ExecutionException e) {
                    if (!(e.getCause() instanceof HakoException failure)) {
                        throw new IllegalStateException(e.getCause());
                    }
                    complain(failure.getMessage());
                    code = ExitCodes.FAILURE;
                }
            }
        } finally {
            threads.shutdownNow();
        }
        return code;
    }
}
