package hako.door;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** JSON for people and scripts, from maps, lists, texts, numbers, truths and null. */
public final class Json {
    private static final int INDENT = 4;

    private Json() {}

    /** A map that keeps its order: name, value, name, value. */
    public static Map<String, @Nullable Object> object(@Nullable Object... namesAndValues) {
        Map<String, @Nullable Object> object = new LinkedHashMap<>();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            object.put(String.valueOf(namesAndValues[i]), namesAndValues[i + 1]);
        }
        return object;
    }

    /** On one line. */
    public static String line(@Nullable Object value) {
        StringBuilder out = new StringBuilder();
        write(out, value, -1);
        return out.toString();
    }

    /** Indented. */
    public static String pretty(@Nullable Object value) {
        StringBuilder out = new StringBuilder();
        write(out, value, 0);
        return out.toString();
    }

    /** @param depth of the line this begins on; -1: all on one line */
    private static void write(StringBuilder out, @Nullable Object value, int depth) {
        switch (value) {
            case null -> out.append("null");
            case Map<?, ?> map -> {
                out.append('{');
                String separator = "";
                for (Map.Entry<?, ?> entry : map.entrySet()) {
                    out.append(separator);
                    lineBreak(out, depth, 1);
                    quote(out, String.valueOf(entry.getKey()));
                    out.append(depth < 0 ? ":" : ": ");
                    write(out, entry.getValue(), depth < 0 ? -1 : depth + 1);
                    separator = ",";
                }
                close(out, map.isEmpty(), depth, '}');
            }
            case List<?> list -> {
                out.append('[');
                String separator = "";
                for (Object element : list) {
                    out.append(separator);
                    lineBreak(out, depth, 1);
                    write(out, element, depth < 0 ? -1 : depth + 1);
                    separator = ",";
                }
                close(out, list.isEmpty(), depth, ']');
            }
            case Number number -> out.append(number);
            case Boolean truth -> out.append(truth);
            default -> quote(out, value.toString());
        }
    }

    private static void close(StringBuilder out, boolean empty, int depth, char bracket) {
        if (!empty) {
            lineBreak(out, depth, 0);
        }
        out.append(bracket);
    }

    private static void lineBreak(StringBuilder out, int depth, int deeper) {
        if (depth >= 0) {
            out.append('\n').repeat(' ', (depth + deeper) * INDENT);
        }
    }

    /** RFC 8259, section 7; DEL and C1 controls are escaped too, for they act on terminals. */
    private static void quote(StringBuilder out, String text) {
        out.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '"' -> out.append("\\\"");
                case '\\' -> out.append("\\\\");
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                default -> {
                    if (Character.isISOControl(c) || Character.isSurrogate(c) && !paired(text, i)) {
                        out.append("\\u%04x".formatted((int) c));
                    } else {
                        out.append(c);
                    }
                }
            }
        }
        out.append('"');
    }

    private static boolean paired(String text, int at) {
        return Character.isHighSurrogate(text.charAt(at))
                ? at + 1 < text.length() && Character.isLowSurrogate(text.charAt(at + 1))
                : at > 0 && Character.isHighSurrogate(text.charAt(at - 1));
    }
}
