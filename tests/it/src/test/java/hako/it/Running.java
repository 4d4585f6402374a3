package hako.it;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** A command under way. Killed at the end of the block it is opened in. */
final class Running implements AutoCloseable {
    private static final Duration STREAMS_PATIENCE = Duration.ofSeconds(10);

    private final List<String> command;
    private final Process process;
    private final long began;
    private final Duration patience;
    private final @Nullable Gathered out;
    private final Gathered err;

    Running(
            List<String> command,
            Process process,
            long began,
            Duration patience,
            byte @Nullable [] input,
            boolean inputStaysOpen,
            boolean unread) {
        this.command = command;
        this.process = process;
        this.began = began;
        this.patience = patience;
        this.out = unread ? null : Gathered.of(process.getInputStream(), "stdout of " + process.pid());
        this.err = Gathered.of(process.getErrorStream(), "stderr of " + process.pid());
        if (input != null) {
            Thread.ofVirtual().name("stdin of " + process.pid()).start(() -> feed(input, inputStaysOpen));
        }
    }

    private void feed(byte[] input, boolean staysOpen) {
        try {
            process.getOutputStream().write(input);
            process.getOutputStream().flush();
            if (!staysOpen) {
                process.getOutputStream().close();
            }
        } catch (IOException e) {
            // the program no longer reads: its affair
        }
    }

    long pid() {
        return process.pid();
    }

    boolean isAlive() {
        return process.isAlive();
    }

    Gathered out() {
        if (out == null) {
            throw new IllegalStateException("nobody reads this output");
        }
        return out;
    }

    Gathered err() {
        return err;
    }

    /** Waits until standard output has this text. */
    Running says(String text) {
        try {
            out().await(text, patience);
            return this;
        } catch (InterruptedException e) {
            throw interrupted(e);
        } catch (AssertionError e) {
            throw new AssertionError("%s: %s%nstderr: %s".formatted(command, e.getMessage(), err.text()), e);
        }
    }

    Running type(String text) {
        try {
            process.getOutputStream().write(text.getBytes(StandardCharsets.UTF_8));
            process.getOutputStream().flush();
            return this;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    Running endInput() {
        try {
            process.getOutputStream().close();
            return this;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** @param name as kill(1) has it: TERM, INT, WINCH */
    Running signal(String name) {
        Processes.signal(process.pid(), name);
        return this;
    }

    /** Of a daemon: returns when it serves; where it does not, it is ended. */
    void serves(String what, Duration limit, BooleanSupplier fact) {
        try {
            Await.until(what + " to serve", limit, fact, () -> err().text());
        } catch (RuntimeException | Error e) {
            endDaemon();
            throw e;
        }
    }

    /** With what it has started. */
    void endDaemon() {
        try (this) {
            signal("TERM").await();
        }
    }

    /** What an unread command has written, now read to the end. */
    Result drain() {
        try {
            byte[] all = process.getInputStream().readAllBytes();
            return ended(all);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    Result await() {
        return ended(null);
    }

    private Result ended(byte @Nullable [] output) {
        try {
            if (!process.waitFor(patience.toMillis(), TimeUnit.MILLISECONDS)) {
                throw new AssertionError("still running after %s: %s%nstdout: %s%nstderr: %s"
                        .formatted(patience, String.join(" ", command), out == null ? "" : out.text(), err.text()));
            }
            Duration took = Duration.ofNanos(System.nanoTime() - began);
            if (out != null) {
                out.awaitEnd(STREAMS_PATIENCE);
            }
            err.awaitEnd(STREAMS_PATIENCE);
            byte[] bytes = output != null ? output : out == null ? new byte[0] : out.bytes();
            return new Result(command, process.exitValue(), bytes, err.text(), took);
        } catch (InterruptedException e) {
            throw interrupted(e);
        }
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }

    private static AssertionError interrupted(InterruptedException e) {
        Thread.currentThread().interrupt();
        return new AssertionError("interrupted", e);
    }
}
