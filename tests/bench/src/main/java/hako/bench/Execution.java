package hako.bench;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Programs run to their end, with an exit code of 0, or the benchmark is over. */
final class Execution {
    private Execution() {}

    static String of(String... line) {
        return of(Map.of(), List.of(line));
    }

    /** @return what it printed */
    static String of(Map<String, String> environment, List<String> line) {
        Finished finished = attempt(environment, line);
        if (finished.code() != 0) {
            throw new BenchmarkException("%s: exit code %d: %s%s"
                    .formatted(String.join(" ", line), finished.code(), finished.output(), finished.errors()));
        }
        return finished.output();
    }

    record Finished(int code, String output, String errors) {}

    static Finished attempt(List<String> line) {
        return attempt(Map.of(), line);
    }

    static Finished attempt(Map<String, String> environment, List<String> line) {
        try {
            Process process = start(environment, line);
            StringBuilder errors = new StringBuilder();
            Thread reader = Thread.ofVirtual().start(() -> errors.append(read(process.getErrorStream())));
            String output = read(process.getInputStream());
            int code = process.waitFor();
            reader.join();
            return new Finished(code, output, errors.toString());
        } catch (IOException e) {
            throw new BenchmarkException(String.join(" ", line) + ": " + e.getMessage());
        } catch (InterruptedException e) {
            throw new BenchmarkException("interrupted");
        }
    }

    static Process start(Map<String, String> environment, List<String> line) throws IOException {
        ProcessBuilder builder =
                new ProcessBuilder(line).redirectInput(Path.of("/dev/null").toFile());
        builder.environment().putAll(environment);
        return Remains.start(builder);
    }

    /** One that goes on; what it says goes to a file, since a pipe of ours would be held open by whom it leaves behind. */
    static Process background(List<String> line, Path log) {
        return background(Map.of(), line, log);
    }

    private static Process background(Map<String, String> environment, List<String> line, Path log) {
        try {
            ProcessBuilder builder = new ProcessBuilder(line)
                    .redirectErrorStream(true)
                    .redirectOutput(log.toFile())
                    .redirectInput(Path.of("/dev/null").toFile());
            builder.environment().putAll(environment);
            return Remains.start(builder);
        } catch (IOException e) {
            throw new BenchmarkException(String.join(" ", line) + ": " + e.getMessage());
        }
    }

    /** To its end, though not to that of what it leaves behind. */
    static void leaving(List<String> line, Path log) {
        leaving(Map.of(), line, log);
    }

    static void leaving(Map<String, String> environment, List<String> line, Path log) {
        try {
            if (background(environment, line, log).waitFor() != 0) {
                throw new BenchmarkException(String.join(" ", line) + ": " + ProcFiles.read(log));
            }
        } catch (InterruptedException e) {
            throw new BenchmarkException("interrupted");
        }
    }

    /** A program by its path, or by its name in {@code PATH}. */
    static Optional<Path> find(String program) {
        if (program.contains("/")) {
            return Optional.of(Path.of(program)).filter(Execution::isProgram);
        }
        return Arrays.stream(System.getenv("PATH").split(":"))
                .map(folder -> Path.of(folder, program))
                .filter(Execution::isProgram)
                .findFirst();
    }

    private static boolean isProgram(Path path) {
        return Files.isRegularFile(path) && Files.isExecutable(path);
    }

    private static String read(InputStream stream) {
        try (stream) {
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            return "";
        }
    }
}
