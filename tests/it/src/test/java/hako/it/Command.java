package hako.it;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A program to run, built up step by step. One thread. */
final class Command {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final List<String> line;
    private final Map<String, String> environment = new TreeMap<>();
    private @Nullable Path directory;
    private byte @Nullable [] input;
    private boolean inputStaysOpen;
    private boolean unread;
    private Duration patience = PATIENCE;

    private Command(List<String> line) {
        this.line = List.copyOf(line);
    }

    static Command of(List<String> line) {
        return new Command(line);
    }

    static Command of(String... line) {
        return new Command(List.of(line));
    }

    /** Where a program of this name lies, as the shell finds it. */
    static Path program(String name) {
        return find(name).orElseThrow(() -> new AssertionError("no " + name + " in PATH: ./dev setup test"));
    }

    static boolean has(String name) {
        return find(name).isPresent();
    }

    private static Optional<Path> find(String name) {
        return Stream.of(System.getenv("PATH").split(":"))
                .map(folder -> Path.of(folder).resolve(name))
                .filter(Files::isExecutable)
                .findFirst();
    }

    /** The same on a terminal of its own, by script(1), the name of whose device is written there. Its input stays open. */
    Command onTerminal(Path name) {
        String words = line.stream()
                .map(word -> "'" + word.replace("'", "'\\''") + "'")
                .collect(Collectors.joining(" "));
        String script = "stty rows 24 cols 80; tty >%s; exec %s".formatted(name, words);
        Command command = of("script", "-qefc", script, "/dev/null");
        command.environment.putAll(environment);
        return command.with("SHELL", "/bin/sh").openInput();
    }

    Command with(String variable, String value) {
        environment.put(variable, value);
        return this;
    }

    Command in(Path workingDirectory) {
        directory = workingDirectory;
        return this;
    }

    /** Without this, standard input is at its end. */
    Command input(byte[] bytes) {
        input = bytes;
        return this;
    }

    Command input(String text) {
        return input(text.getBytes(StandardCharsets.UTF_8));
    }

    /** Standard input stays open: {@link Running#type} writes to it. */
    Command openInput() {
        inputStaysOpen = true;
        return this;
    }

    /** Nobody reads standard output: its pipe fills. */
    Command unread() {
        unread = true;
        return this;
    }

    /** When it is over, the program is killed and the test fails. */
    Command within(Duration limit) {
        patience = limit;
        return this;
    }

    Result run() {
        try (Running running = start()) {
            return running.await();
        }
    }

    Running start() {
        List<String> words = new ArrayList<>(line);
        ProcessBuilder builder = new ProcessBuilder(words);
        builder.environment().putAll(environment);
        if (directory != null) {
            builder.directory(directory.toFile());
        }
        if (input == null && !inputStaysOpen) {
            builder.redirectInput(Path.of("/dev/null").toFile());
        }
        try {
            long began = System.nanoTime();
            return new Running(line, builder.start(), began, patience, input, inputStaysOpen, unread);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
