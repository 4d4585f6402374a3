package hako.bench;

import java.util.List;
import java.util.Locale;

/**
 * The result as one page that needs nothing else: for each row its numbers and a plot in which every single measurement
 * is a dot, the median a line, the bound a dashed one.
 */
record HtmlPage(Report report) {
    private static final int WIDTH = 640;
    private static final int LABELS = 150;
    private static final int LANE = 26;
    private static final int SPREAD = 16;

    private static final String HEAD = """
            <!DOCTYPE html>
            <html lang="en">
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width">
            <title>Hako: performance</title>
            <style>
            :root { color-scheme: light dark; --ink: #222; --paper: #fff; --ours: #0b6bcb; --theirs: #888; --bad: #c22;
              --good: #197a2f; --line: #ddd; }
            @media (prefers-color-scheme: dark) { :root { --ink: #ddd; --paper: #181818; --ours: #5aa9f5; --line: #444;
              --good: #5fc07a; --bad: #f06a6a; } }
            body { font: 15px/1.45 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 900px;
              margin: 2rem auto; padding: 0 1rem; }
            section { border-top: 1px solid var(--line); padding: .6rem 0; }
            h2 { font-size: 1rem; margin: 0; }
            .broken { color: var(--bad); font-weight: bold; } .holds { color: var(--good); }
            svg { width: 100%; height: auto; } svg text { font-size: 11px; fill: var(--ink); }
            .dot { opacity: .45; } .ours { fill: var(--ours); } .theirs { fill: var(--theirs); }
            .median { stroke: var(--ink); stroke-width: 2; } .bound { stroke: var(--bad); stroke-dasharray: 4 3; }
            .axis { stroke: var(--line); } td, th { padding: .1rem .8rem .1rem 0; text-align: left; }
            </style>
            <h1>Hako: performance</h1>
            """;

    String text() {
        StringBuilder page = new StringBuilder(HEAD);
        page.append("<table>");
        report.circumstances()
                .forEach((name, value) -> page.append("<tr><th>%s<td>%s\n".formatted(escaped(name), escaped(value))));
        page.append("</table>\n");
        report.rows().forEach(row -> page.append(section(row)));
        if (!report.parts().all().isEmpty()) {
            page.append("<section><h2>Where the memory of a sandbox goes</h2>\n")
                    .append(parts())
                    .append("</section>\n");
        }
        return page.append(findings()).append("</html>\n").toString();
    }

    private static String section(Row row) {
        String verdict = row.promise() == null
                ? escaped(row.note().isEmpty() ? "" : " (" + row.note() + ")")
                : " &mdash; at most %s: <span class=\"%s\">%s</span>"
                        .formatted(
                                escaped(row.promise().bound()),
                                row.holds() ? "holds" : "broken",
                                row.holds() ? "holds" : "broken");
        return "<section><h2>%s</h2>\n<p>%s%s</p>\n%s</section>\n"
                .formatted(escaped(row.what().replace("`", "")), escaped(row.measured()), verdict, plot(row));
    }

    /** Lanes one below the other on one scale from zero. */
    private static String plot(Row row) {
        List<Series> series = row.series();
        if (series.isEmpty()) {
            return "";
        }
        double bound = bound(row);
        double most = Math.max(
                bound,
                series.stream()
                        .flatMap(each -> each.values().stream())
                        .mapToDouble(Double::doubleValue)
                        .max()
                        .orElse(1));
        double scale = (WIDTH - LABELS - 20) / (most * 1.05);
        int height = LANE * series.size() + 22;
        StringBuilder svg = new StringBuilder(
                "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"measurements\">\n".formatted(WIDTH, height));
        for (int lane = 0; lane < series.size(); lane++) {
            svg.append(lane(series.get(lane), lane, scale));
        }
        if (bound > 0) {
            svg.append(line("bound", LABELS + bound * scale, 0, LANE * series.size()));
        }
        int bottom = LANE * series.size();
        svg.append("<line class=\"axis\" x1=\"%d\" x2=\"%d\" y1=\"%d\" y2=\"%d\"/>\n"
                .formatted(LABELS, WIDTH - 20, bottom, bottom));
        svg.append("<text x=\"%d\" y=\"%d\">0</text>".formatted(LABELS, height - 6));
        svg.append("<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>\n"
                .formatted(
                        WIDTH - 20, height - 6, escaped(series.getFirst().unit().text(most * 1.05))));
        return svg.append("</svg>\n").toString();
    }

    /** Where the bound is on the scale of what is plotted; 0: nowhere. The rival that a ratio is of stands second. */
    private static double bound(Row row) {
        if (row.promise() == null) {
            return 0;
        }
        return row.promise().unit() == Unit.RATIO && row.series().size() > 1
                ? row.promise().most() * row.series().get(1).median()
                : row.promise().most();
    }

    private static String lane(Series series, int lane, double scale) {
        StringBuilder svg = new StringBuilder();
        int middle = LANE * lane + LANE / 2;
        svg.append("<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>\n"
                .formatted(LABELS - 8, middle + 4, escaped(series.name())));
        for (int i = 0; i < series.values().size(); i++) {
            // the order of measuring, from top to bottom: a drift shows
            double y =
                    middle - SPREAD / 2.0 + SPREAD * (i + 0.5) / series.values().size();
            svg.append(String.format(
                    Locale.ROOT,
                    "<circle class=\"dot %s\" cx=\"%.1f\" cy=\"%.1f\" r=\"2.5\"/>\n",
                    lane == 0 ? "ours" : "theirs",
                    LABELS + series.values().get(i) * scale,
                    y));
        }
        svg.append(line("median", LABELS + series.median() * scale, LANE * lane + 3, LANE * (lane + 1) - 3));
        return svg.toString();
    }

    private static String line(String kind, double x, int top, int bottom) {
        return String.format(
                Locale.ROOT,
                "<line class=\"%s\" x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\"/>\n",
                kind,
                x,
                x,
                top,
                bottom);
    }

    private String parts() {
        StringBuilder table = new StringBuilder("<table><tr><th>MB<th>booted<th>cloned\n");
        for (Parts.Part part : report.parts().all()) {
            table.append(String.format(
                    Locale.ROOT, "<tr><td>%s<td>%.1f<td>%.1f\n", escaped(part.whole()), part.booted(), part.cloned()));
        }
        return table.append("</table>\n").toString();
    }

    private String findings() {
        StringBuilder text = new StringBuilder();
        List<Finding> all = report.findings();
        for (Finding.Fit fit : Finding.Fit.values()) {
            List<Finding> some = Finding.of(all, fit);
            if (!some.isEmpty()) {
                text.append("<section><h2>%s</h2>\n<ul>\n".formatted(escaped(fit.heading())));
                some.forEach(finding -> text.append("<li>%s\n".formatted(escaped(finding.sentence()))));
                text.append("</ul></section>\n");
            }
        }
        return all.isEmpty() ? "" : text + "<p>%s</p>\n".formatted(escaped(Findings.RULES));
    }

    private static String escaped(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
    }
}
