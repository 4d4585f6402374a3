package hako.bench;

import io.avaje.jsonb.Jsonb;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The result as people and programs read it: {@code results.md}, {@code results.json}, {@code index.html}. */
record Report(Map<String, String> circumstances, List<Row> rows, List<Part> parts) {
    void write(Path folder) {
        try {
            Files.createDirectories(folder);
            Files.writeString(folder.resolve("results.md"), markdown());
            Files.writeString(folder.resolve("results.json"), json());
            Files.writeString(folder.resolve("index.html"), new HtmlPage(this).text());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    boolean holds() {
        return rows.stream().allMatch(Row::holds);
    }

    String markdown() {
        StringBuilder text = new StringBuilder("# Performance\n\n");
        text.append(
                "Written by `./dev bench`. Medians; in brackets between what eight of ten measurements lie. What stands\n");
        text.append("in one row was measured in turns, A B A B.\n\n");
        circumstances.forEach((name, value) -> text.append("- %s: %s\n".formatted(name, value)));
        text.append("\n| What | Measured | At most | | Side by side |\n|---|---|---|---|---|\n");
        for (Row row : rows) {
            text.append("| %s | %s | %s | %s | %s |\n"
                    .formatted(
                            row.what(),
                            row.judged().text(),
                            row.promise() == null ? "" : row.promise().bound(),
                            row.verdict(),
                            sideBySide(row)));
        }
        text.append(
                "\n## Where the memory of a sandbox goes\n\nPSS of an idle sandbox with 256 MB for its container.\n\n");
        text.append("| Part | MB |\n|---|---|\n");
        parts.forEach(part -> text.append("| %s | %.1f |\n".formatted(part.what(), part.megabytes())));
        double sum = parts.stream().mapToDouble(Part::megabytes).sum();
        text.append("| **together** | **%.1f** |\n".formatted(sum));
        return text.toString();
    }

    private static String sideBySide(Row row) {
        List<String> texts = new ArrayList<>();
        row.series().forEach(series -> texts.add(series.name() + " " + series.text()));
        return String.join("; ", texts);
    }

    String json() {
        List<Object> table = new ArrayList<>();
        for (Row row : rows) {
            Map<String, Object> entry = new LinkedHashMap<>();
            entry.put("what", row.what());
            if (row.promise() != null) {
                entry.put("promise", row.promise().name());
                entry.put("most", row.promise().most());
                entry.put("holds", row.holds());
            }
            entry.put("measured", series(row.judged()));
            entry.put("series", row.series().stream().map(Report::series).toList());
            table.add(entry);
        }
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("circumstances", circumstances);
        all.put("rows", table);
        all.put(
                "sandbox_parts_mb",
                parts.stream()
                        .map(part -> Map.of("what", part.what(), "mb", part.megabytes()))
                        .toList());
        return Jsonb.builder().build().toJsonPretty(all) + "\n";
    }

    private static Map<String, Object> series(Series series) {
        Map<String, Object> entry = new LinkedHashMap<>();
        entry.put("name", series.name());
        entry.put("unit", series.unit().symbol());
        entry.put("median", series.median());
        entry.put("p10", series.low());
        entry.put("p90", series.high());
        entry.put("values", series.values());
        return entry;
    }
}
