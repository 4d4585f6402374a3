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

/**
 * The result as people and programs read it: on the terminal, and as {@code results.md}, {@code results.json} and
 * {@code index.html}.
 */
record Report(Map<String, String> circumstances, List<Row> rows, Parts parts) {
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

    List<Finding> findings() {
        return new Findings(rows, parts).all();
    }

    /** For a terminal. */
    String text() {
        StringBuilder text = new StringBuilder();
        circumstances.forEach((name, value) -> text.append("%-14s %s%n".formatted(name, value)));
        for (Row row : rows) {
            text.append("%n%s%n".formatted(row.what().replace("`", "")));
            text.append("  %s%s%s%n"
                    .formatted(
                            row.measured(),
                            row.promise() == null ? "" : ", at most " + row.bound() + ": ",
                            verdict(row, "holds", "BROKEN")));
            if (row.series().size() > 1) {
                row.series().forEach(series -> text.append("    %-32s %s%n".formatted(series.name(), series.text())));
            }
            if (!row.note().isEmpty()) {
                text.append("  (%s)%n".formatted(row.note()));
            }
        }
        if (!parts.all().isEmpty()) {
            text.append("%nWhere the memory of an idle sandbox goes, booted and cloned%n".formatted());
            for (Parts.Part part : parts.all()) {
                text.append("  %8.1f MB %8.1f MB  %s%n".formatted(part.booted(), part.cloned(), part.whole()));
            }
        }
        List<Finding> findings = findings();
        for (Finding.Fit fit : Finding.Fit.values()) {
            List<Finding> some = Finding.of(findings, fit);
            if (!some.isEmpty()) {
                text.append("%n%s%n".formatted(fit.heading()));
                some.forEach(finding -> text.append("  - %s%n".formatted(finding.sentence())));
            }
        }
        return findings.isEmpty() ? text.toString() : text + "%n%s%n".formatted(Findings.RULES);
    }

    private static String verdict(Row row, String holds, String broken) {
        return switch (row.verdict()) {
            case NONE -> "";
            case HOLDS -> holds;
            case BROKEN -> broken;
        };
    }

    String markdown() {
        StringBuilder text = new StringBuilder("# Performance\n\n");
        text.append(
                "Written by `hako bench`. Medians; in brackets between what eight of ten measurements lie. What stands\n");
        text.append("in one row was measured in turns, A B A B.\n\n");
        circumstances.forEach((name, value) -> text.append("- %s: %s\n".formatted(name, value)));
        text.append(promises());
        text.append(shown());
        if (!parts.all().isEmpty()) {
            text.append(
                    "\n## Where the memory of a sandbox goes\n\nMB of an idle one: booted with 256 MB for its container, and");
            text.append(" cloned, on average.\n\n| Part | booted | cloned |\n|---|---|---|\n");
            for (Parts.Part part : parts.all()) {
                text.append("| %s | %.1f | %.1f |\n".formatted(part.whole(), part.booted(), part.cloned()));
            }
            text.append("| **together** | **%.1f** | **%.1f** |\n"
                    .formatted(parts.booted().megabytes(), parts.cloned().megabytes()));
        }
        List<Finding> findings = findings();
        for (Finding.Fit fit : Finding.Fit.values()) {
            List<Finding> some = Finding.of(findings, fit);
            if (!some.isEmpty()) {
                text.append("\n## %s\n\n".formatted(fit.heading()));
                some.forEach(finding -> text.append("- %s\n".formatted(finding.sentence())));
            }
        }
        if (!findings.isEmpty()) {
            text.append("\n%s\n".formatted(Findings.RULES));
        }
        return text.toString();
    }

    private String promises() {
        StringBuilder table = new StringBuilder();
        for (Row row : rows.stream().filter(Row::isPromised).toList()) {
            table.append("| %s | %s | %s | %s | %s |\n"
                    .formatted(
                            row.what(),
                            row.measured(),
                            row.bound(),
                            verdict(row, "holds", "**BROKEN**"),
                            sideBySide(row)));
        }
        return table.isEmpty()
                ? ""
                : "\n| What | Measured | At most | | Side by side |\n|---|---|---|---|---|\n" + table;
    }

    private String shown() {
        StringBuilder table = new StringBuilder();
        rows.stream()
                .filter(row -> !row.isPromised())
                .forEach(row -> table.append("| %s | %s |\n".formatted(row.what(), sideBySide(row))));
        return table.isEmpty() ? "" : "\n| Not promised, shown | Side by side |\n|---|---|\n" + table;
    }

    private static String sideBySide(Row row) {
        List<String> texts = new ArrayList<>();
        row.series().forEach(series -> texts.add(series.name() + " " + series.text()));
        if (!row.note().isEmpty()) {
            texts.add(row.note());
        }
        return String.join("; ", texts);
    }

    String json() {
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("circumstances", circumstances);
        all.put("rows", rows.stream().map(Report::row).toList());
        all.put("sandbox_parts_mb", parts.all().stream().map(Report::part).toList());
        all.put("findings", findings().stream().map(Report::finding).toList());
        return Jsonb.builder().build().toJsonPretty(all) + "\n";
    }

    private static Map<String, Object> row(Row row) {
        Map<String, Object> entry = new LinkedHashMap<>();
        entry.put("key", row.key());
        entry.put("what", row.what());
        if (row.promise() != null) {
            entry.put("promise", row.promise().name());
            entry.put("most", row.promise().most());
            entry.put("holds", row.holds());
        }
        if (row.judged() != null) {
            entry.put("measured", series(row.judged()));
        }
        if (!row.note().isEmpty()) {
            entry.put("note", row.note());
        }
        entry.put("series", row.series().stream().map(Report::series).toList());
        return entry;
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

    private static Map<String, Object> part(Parts.Part part) {
        return Map.of(
                "what", part.what(), "booted", part.booted(), "cloned", part.cloned(), "emulation", part.emulation());
    }

    private static Map<String, Object> finding(Finding finding) {
        return Map.of("fit", finding.fit().name(), "sentence", finding.sentence());
    }
}
