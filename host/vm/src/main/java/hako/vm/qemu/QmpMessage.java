package hako.vm.qemu;

import io.avaje.json.mapper.JsonMapper;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One line of QEMU's monitor, from QEMU ({@code docs/interop/qmp-spec.txt}, section 2). Made from bytes that a hostile
 * VMM could have written: whatever they are, parsing yields one of these or an {@link IOException}.
 */
sealed interface QmpMessage {
    /** The first line of a connection. */
    record Greeting(String version) implements QmpMessage {}

    /** A command went well; {@code value} is what it returned: maps, lists, strings, numbers, booleans. */
    record Answer(String id, @Nullable Object value) implements QmpMessage {}

    record Refusal(@Nullable String id, String errorClass, String description) implements QmpMessage {}

    record Event(String name, Map<?, ?> data) implements QmpMessage {
        /** A member of the data as text; empty if it is not there. */
        String text(String member) {
            return data.get(member) instanceof String text ? text : "";
        }
    }

    JsonMapper JSON = JsonMapper.builder().build();

    static QmpMessage parse(byte[] line) throws IOException {
        Map<String, Object> object;
        try {
            object = JSON.map().fromJson(line);
        } catch (RuntimeException | StackOverflowError e) {
            // The parser throws many kinds; deep nesting overflows the stack.
            throw new IOException("a line that is no JSON object: " + e.getMessage(), e);
        }
        if (object == null) {
            throw new IOException("a line that is no JSON object");
        }
        if (object.get("QMP") instanceof Map<?, ?> greeting) {
            return new Greeting(version(greeting));
        }
        if (object.get("event") instanceof String name) {
            return new Event(name, object.get("data") instanceof Map<?, ?> data ? data : Map.of());
        }
        String id = object.get("id") instanceof String text ? text : null;
        if (object.get("error") instanceof Map<?, ?> error) {
            return new Refusal(id, text(error, "class"), text(error, "desc"));
        }
        if (id != null && object.containsKey("return")) {
            return new Answer(id, object.get("return"));
        }
        throw new IOException("a JSON object that is no greeting, event, return or error");
    }

    /** A command on its way: one line. */
    static byte[] command(String command, Map<String, ?> arguments, String id) {
        byte[] json = JSON.object().toJsonBytes(Map.of("execute", command, "arguments", arguments, "id", id));
        byte[] line = new byte[json.length + 1];
        System.arraycopy(json, 0, line, 0, json.length);
        line[json.length] = '\n';
        return line;
    }

    /** As the command line's options take it. */
    static String json(Map<String, ?> object) {
        return new String(JSON.object().toJsonBytes(object), StandardCharsets.UTF_8);
    }

    private static String version(Map<?, ?> greeting) {
        if (greeting.get("version") instanceof Map<?, ?> version && version.get("qemu") instanceof Map<?, ?> qemu) {
            return "%s.%s.%s".formatted(number(qemu, "major"), number(qemu, "minor"), number(qemu, "micro"));
        }
        return "unknown";
    }

    private static String number(Map<?, ?> map, String member) {
        return map.get(member) instanceof Number number ? Long.toString(number.longValue()) : "?";
    }

    private static String text(Map<?, ?> map, String member) {
        return map.get(member) instanceof String text ? text : "";
    }
}
