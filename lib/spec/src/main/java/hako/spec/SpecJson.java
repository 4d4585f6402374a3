package hako.spec;

import hako.base.HakoException;
import hako.base.HakoException.Code;
import io.avaje.jsonb.Jsonb;
import java.util.List;
import java.util.function.Supplier;

/** Between records and JSON, by generated adapters (no reflection). Thread-safe. */
final class SpecJson {
    private static final Jsonb JSON =
            Jsonb.builder().serializeNulls(false).serializeEmpty(false).build();

    private SpecJson() {}

    static <T> List<T> readList(Class<T> type, byte[] json, String what) {
        return guarded(() -> JSON.type(type).list().fromJson(json), what);
    }

    static <T> T read(Class<T> type, byte[] json, String what) {
        return guarded(() -> JSON.type(type).fromJson(json), what);
    }

    private static <T> T guarded(Supplier<T> parse, String what) {
        T value;
        try {
            value = parse.get();
        } catch (RuntimeException | StackOverflowError e) {
            // The parser and the records' own checks throw many kinds; deep nesting overflows the stack.
            throw new HakoException(
                    HakoException.Kind.USER,
                    Code.INVALID_ARGUMENT,
                    "read " + what + ": not valid: " + e.getMessage(),
                    e);
        }
        if (value == null) {
            throw HakoException.user(Code.INVALID_ARGUMENT, "read " + what + ": it is empty");
        }
        return value;
    }

    static <T> byte[] write(Class<T> type, T value) {
        return JSON.type(type).toJsonBytes(value);
    }
}
