package hako.storage;

import hako.base.HakoException.Code;
import hako.base.HakoException.Kind;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * A program that works on file systems, run to its end or to its timeout. Its output is kept, bounded, for the error message,
 * and read on a virtual thread: a program that hangs says nothing.
 *
 * @param install the package that has it, for the message where it is missing
 */
public record Program(String name, String install, Duration timeout) {
    private static final int MAX_OUTPUT_BYTES = 16 * 1024;

    /** For the rest of the output when the program has ended: a process that it left behind may hold the pipe. */
    private static final Duration OUTPUT_GRACE = Duration.ofSeconds(1);

    /** The program's own code for a full disk is no better than any other: its text is looked at as well. */
    private static final String NO_SPACE = "No space left on device";

    /** @param action for messages: action and object, {@code "make root filesystem /x.erofs"} */
    public void run(String action, Path directory, Map<String, String> environment, List<String> command)
            throws IOException, InterruptedException {
        ProcessBuilder builder =
                new ProcessBuilder(command).directory(directory.toFile()).redirectErrorStream(true);
        builder.environment().putAll(environment);
        builder.environment().put("LC_ALL", "C");
        builder.redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()));
        Process process;
        try {
            process = builder.start();
        } catch (IOException e) {
            throw new StorageException(
                    Kind.EXTERNAL,
                    Code.UNAVAILABLE,
                    "%s: cannot run %s; install it: apt-get install %s".formatted(action, name, install),
                    e);
        }
        FutureTask<String> output = new FutureTask<>(() -> text(process.getInputStream()));
        Thread.ofVirtual().name(name + "-output").start(output);
        try {
            if (!process.waitFor(timeout)) {
                throw new StorageException(
                        Kind.EXTERNAL,
                        Code.TIMEOUT,
                        "%s: %s did not end within %s".formatted(action, name, timeout),
                        null);
            }
            if (process.exitValue() != 0) {
                throw failure(action, process.exitValue(), ended(output));
            }
        } finally {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly();
        }
    }

    private static String text(InputStream output) throws IOException {
        try (output) {
            String text = new String(output.readNBytes(MAX_OUTPUT_BYTES), StandardCharsets.UTF_8).strip();
            output.transferTo(OutputStream.nullOutputStream());
            return text;
        }
    }

    private static String ended(FutureTask<String> output) throws InterruptedException {
        try {
            return output.get(OUTPUT_GRACE.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException | TimeoutException e) {
            return "";
        }
    }

    private StorageException failure(String action, int status, String text) {
        String last = text.isEmpty() ? "no message" : text.lines().toList().getLast();
        if (text.contains(NO_SPACE)) {
            return StorageException.noSpace("%s: no space left on device".formatted(action));
        }
        return new StorageException(
                Kind.EXTERNAL,
                Code.UNAVAILABLE,
                "%s: %s failed (status %d): %s".formatted(action, name, status, last),
                null);
    }
}
