package hako.cli;

import hako.door.Json;
import hako.door.Option;
import hako.door.Options;
import java.io.PrintStream;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** How a verb prints its list, by {@code --format}. */
sealed interface Format {
    /** For people. */
    record ForPeople() implements Format {}

    /** A document on each line. */
    record ForPrograms() implements Format {}

    /** A line of the caller's making for each. */
    record ForScripts(Template template) implements Format {}

    static Option<Format> option(Options options) {
        return options.value("format", "FORMAT", "table, json or a template", new ForPeople(), Format::parse);
    }

    private static Format parse(String text) {
        return switch (text.toLowerCase(Locale.ROOT)) {
            case "table" -> new ForPeople();
            case "json" -> new ForPrograms();
            default -> {
                if (!text.contains("{{") || text.startsWith("table ")) {
                    throw new IllegalArgumentException("table, json or a template like {{.ID}}");
                }
                yield new ForScripts(new Template(text));
            }
        };
    }

    default void print(PrintStream out, Supplier<String> table, List<Map<String, @Nullable Object>> rows) {
        switch (this) {
            case ForPeople() -> out.print(table.get());
            case ForPrograms() -> rows.forEach(row -> out.println(Json.line(row)));
            case ForScripts(Template template) -> rows.forEach(row -> out.println(template.render(row)));
        }
    }
}
