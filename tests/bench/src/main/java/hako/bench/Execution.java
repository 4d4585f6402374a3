package hako.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

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
        return builder.start();
    }

    private static String read(java.io.InputStream stream) {
        try (stream) {
            return new String(stream.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            return "";
        }
    }
}
