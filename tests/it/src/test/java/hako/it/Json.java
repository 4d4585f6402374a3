package hako.it;

import io.avaje.jsonb.Jsonb;
import java.util.List;
import java.util.Map;

/** A JSON value, reached into by a path: {@code json.at("0.State.ExitCode")}. */
record Json(Object value) {
    private static final Jsonb JSONB = Jsonb.builder().build();

    static Json parse(String text) {
        return new Json(JSONB.type(Object.class).fromJson(text));
    }

    static String quoted(String text) {
        return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n") + '"';
    }

    /** @param path keys and indexes, with dots between */
    Json at(String path) {
        Object found = value;
        for (String step : path.split("\\.")) {
            Object next = switch (found) {
                case Map<?, ?> map -> map.get(step);
                case List<?> list -> list.get(Integer.parseInt(step));
                default -> null;
            };
            if (next == null) {
                throw new AssertionError("no \"%s\" of \"%s\" in %s".formatted(step, path, value));
            }
            found = next;
        }
        return new Json(found);
    }

    String text() {
        return value.toString();
    }

    long number() {
        return value instanceof Number number ? number.longValue() : Long.parseLong(text());
    }

    boolean truth() {
        return Boolean.parseBoolean(text());
    }

    List<Json> items() {
        return ((List<?>) value).stream().map(item -> new Json((Object) item)).toList();
    }
}
