package hako.cli;

import hako.base.HakoException;
import hako.door.Printable;
import hako.door.Signals;
import hako.spec.Defaults;
import hako.spec.ImageConfig;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The instructions of {@code image import --change}, in the form of a Dockerfile's. One thread. */
final class ImageChanges {
    private final Variables environment = new Variables().addAll(List.of(Defaults.PATH));
    private final Map<String, String> labels = new LinkedHashMap<>();
    private List<String> entrypoint = List.of();
    private List<String> command = List.of("/bin/sh");
    private @Nullable String user;
    private @Nullable String directory;
    private @Nullable String stopSignal;

    ImageChanges(List<String> instructions) {
        instructions.forEach(this::apply);
    }

    ImageConfig.Execution execution() {
        return new ImageConfig.Execution(
                user,
                Map.of(),
                environment.assignments(),
                entrypoint,
                entrypoint.isEmpty() ? command : command.equals(List.of("/bin/sh")) ? List.of() : command,
                Map.of(),
                directory,
                labels,
                stopSignal);
    }

    private void apply(String instruction) {
        String text = instruction.strip();
        int space = text.indexOf(' ');
        String rest = space < 0 ? "" : text.substring(space + 1).strip();
        switch ((space < 0 ? text : text.substring(0, space)).toUpperCase(Locale.ROOT)) {
            case "CMD" -> command = words(instruction, rest);
            case "ENTRYPOINT" -> entrypoint = words(instruction, rest);
            case "ENV" -> environment.addAll(List.of(assignment(instruction, rest)));
            case "LABEL" -> {
                String[] label = assignment(instruction, rest).split("=", 2);
                labels.put(label[0], label[1]);
            }
            case "USER" -> user = rest;
            case "WORKDIR" -> directory = rest;
            case "STOPSIGNAL" -> stopSignal = Signals.name(Signals.number(rest));
            default -> throw invalid(instruction, "none of CMD, ENTRYPOINT, ENV, WORKDIR, USER, LABEL, STOPSIGNAL");
        }
    }

    /** {@code ["a", "b"]}, or a line for the shell. */
    private static List<String> words(String instruction, String text) {
        if (!text.startsWith("[")) {
            return List.of("/bin/sh", "-c", text);
        }
        List<String> words = new ArrayList<>();
        StringBuilder word = null;
        for (int i = 1; i < text.length(); i++) {
            char c = text.charAt(i);
            if (word == null) {
                switch (c) {
                    case '"' -> word = new StringBuilder();
                    case ']' -> {
                        return words;
                    }
                    case ',', ' ' -> {}
                    default -> throw invalid(instruction, "not a list like [\"a\", \"b\"]");
                }
            } else if (c == '"') {
                words.add(word.toString());
                word = null;
            } else if (c == '\\' && i + 1 < text.length()) {
                word.append(text.charAt(++i));
            } else {
                word.append(c);
            }
        }
        throw invalid(instruction, "the list has no end");
    }

    private static String assignment(String instruction, String text) {
        int equals = text.indexOf('=');
        if (equals < 1) {
            throw invalid(instruction, "write it as NAME=VALUE");
        }
        String value = text.substring(equals + 1);
        boolean quoted = value.length() > 1 && value.startsWith("\"") && value.endsWith("\"");
        return text.substring(0, equals + 1) + (quoted ? value.substring(1, value.length() - 1) : value);
    }

    private static HakoException invalid(String instruction, String fact) {
        return HakoException.user(
                HakoException.Code.INVALID_ARGUMENT,
                "invalid --change \"%s\": %s".formatted(Printable.line(instruction), fact));
    }
}
