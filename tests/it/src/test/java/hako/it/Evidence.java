package hako.it;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.ExtensionContext;

/** What a failed test leaves to read: the daemon's log, the guests' consoles, the daemon's threads. */
final class Evidence {
    private static final int LAST_LINES = 60;

    private Evidence() {}

    static String name(ExtensionContext context) {
        return context.getRequiredTestClass().getSimpleName() + "."
                + context.getRequiredTestMethod().getName();
    }

    /** Keeps it in {@code target/evidence/TEST}, and prints the ends. */
    static void gather(HakoNode node, String test) {
        Path folder = Path.of("target/evidence", test.replaceAll("[^\\w.-]+", "-"));
        try {
            Files.createDirectories(folder);
            threads(node, folder.resolve("threads.txt"));
            for (Path file : logs(node.home().resolve("run"))) {
                Path kept = folder.resolve(
                        node.home().resolve("run").relativize(file).toString().replace('/', '_'));
                Files.copy(file, kept, StandardCopyOption.REPLACE_EXISTING);
                print(kept);
            }
        } catch (IOException | UncheckedIOException e) {
            System.err.println("gather evidence: " + e);
        }
    }

    private static List<Path> logs(Path run) throws IOException {
        if (!Files.exists(run)) {
            return List.of();
        }
        try (Stream<Path> files = Files.walk(run)) {
            return files.filter(file -> file.toString().endsWith(".log")).toList();
        }
    }

    /** With the virtual ones, of which the plain dump tells nothing. */
    private static void threads(HakoNode node, Path file) {
        Path jcmd = Path.of(System.getProperty("java.home"), "bin/jcmd");
        for (long pid : node.daemons()) {
            Command.of(
                            jcmd.toString(),
                            Long.toString(pid),
                            "Thread.dump_to_file",
                            "-overwrite",
                            file.toAbsolutePath().toString())
                    .run();
        }
    }

    private static void print(Path file) throws IOException {
        List<String> lines = new String(Files.readAllBytes(file), java.nio.charset.StandardCharsets.ISO_8859_1)
                .lines()
                .toList();
        System.err.printf("---- the end of %s%n", file.toAbsolutePath());
        lines.stream().skip(Math.max(0, lines.size() - LAST_LINES)).forEach(System.err::println);
    }
}
