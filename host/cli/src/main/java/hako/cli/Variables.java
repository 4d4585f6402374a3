package hako.cli;

import hako.base.HakoException;
import hako.door.Printable;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Environment variables, of which a later one replaces an earlier one of its name. One thread. */
final class Variables {
    /** A value that is null takes the variable away. */
    private final Map<String, @Nullable String> values = new LinkedHashMap<>();

    /** @param assignments {@code K=V}; what is not of that form, as an image may have it, is left out */
    Variables addAll(List<String> assignments) {
        for (String assignment : assignments) {
            int equals = assignment.indexOf('=');
            if (equals > 0) {
                values.put(assignment.substring(0, equals), assignment.substring(equals + 1));
            }
        }
        return this;
    }

    Variables add(Variables others) {
        values.putAll(others.values);
        return this;
    }

    /** As {@code -e} has it: {@code K=V}, or {@code K} for its value where the command was called, if it has one. */
    Variables option(String text, Map<String, String> caller) {
        int equals = text.indexOf('=');
        if (equals == 0 || text.isEmpty()) {
            throw HakoException.user(
                    HakoException.Code.INVALID_ARGUMENT, "invalid environment variable: " + Printable.line(text));
        }
        if (equals > 0) {
            values.put(text.substring(0, equals), text.substring(equals + 1));
        } else {
            values.put(text, caller.get(text));
        }
        return this;
    }

    /** {@code K=V}, in the order of first mention. */
    List<String> assignments() {
        List<String> assignments = new ArrayList<>();
        values.forEach((name, value) -> {
            if (value != null) {
                assignments.add(name + "=" + value);
            }
        });
        return assignments;
    }
}
