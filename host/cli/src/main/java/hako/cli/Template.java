package hako.cli;

import hako.door.Json;
import hako.door.Printable;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The part of Go's templates that scripts use: text with {@code {{.State.ExitCode}}}, {@code {{json .Mounts}}} and
 * {@code {{json .}}} in it. Immutable.
 */
final class Template {
    private static final Pattern ACTION = Pattern.compile("\\{\\{\\s*(json\\s+)?\\.([A-Za-z0-9_.]*)\\s*}}");

    private final List<Part> parts = new ArrayList<>();

    /** Text, and then, unless it is the last, the value at a path. */
    private record Part(String text, @Nullable String path, boolean json) {}

    /** @throws IllegalArgumentException for what only Go can do */
    Template(String source) {
        Matcher action = ACTION.matcher(source);
        int end = 0;
        while (action.find()) {
            parts.add(new Part(text(source, end, action.start()), action.group(2), action.group(1) != null));
            end = action.end();
        }
        parts.add(new Part(text(source, end, source.length()), null, false));
    }

    private static String text(String source, int start, int end) {
        String text = source.substring(start, end);
        if (text.contains("{{")) {
            throw new IllegalArgumentException("a template knows {{.Member}}, {{.Member.Member}} and {{json .Member}}");
        }
        return text.replace("\\t", "\t").replace("\\n", "\n");
    }

    /** One line, as long as the template is one. What is not there is {@code <no value>}. */
    String render(Map<String, @Nullable Object> facts) {
        StringBuilder out = new StringBuilder();
        for (Part part : parts) {
            out.append(part.text);
            if (part.path != null) {
                Object value = value(facts, part.path);
                out.append(part.json ? Json.line(value) : text(value));
            }
        }
        return out.toString();
    }

    private static String text(@Nullable Object value) {
        return switch (value) {
            case null -> "<no value>";
            case Map<?, ?> map -> Json.line(map);
            case List<?> list -> Json.line(list);
            default -> Printable.line(value.toString());
        };
    }

    private static @Nullable Object value(Map<String, @Nullable Object> facts, String path) {
        Object value = facts;
        for (String name : path.split("\\.")) {
            if (!name.isEmpty()) {
                value = value instanceof Map<?, ?> map ? map.get(name) : null;
            }
        }
        return value;
    }
}
