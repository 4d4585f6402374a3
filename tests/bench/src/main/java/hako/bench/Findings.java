package hako.bench;

import hako.bench.Finding.Fit;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * What the figures mean, by rules that are the same everywhere: {@link #RULES} states them. A figure that was not measured has no
 * finding.
 */
record Findings(List<Row> rows, Parts parts) {
    static final String RULES =
            "By these rules: a way to start fits what runs long enough to lose less than a tenth of its time to it,"
                    + " when that is at most 1 second; to 10 seconds it fits at a price. Work fits when it takes at most 1.25 times as"
                    + " long as without one, by the best way there is; to 3 times, at a price. Idle sandboxes fit when 100 of them have room in this host's free"
                    + " memory; from 20 on, at a price.";

    private static final double FITTING_SECONDS = 1;
    private static final double MOST_SECONDS = 10;
    private static final double FITTING_SLOWDOWN = 1.25;
    private static final double MOST_SLOWDOWN = 3;
    private static final double MANY_SANDBOXES = 100;
    private static final double SOME_SANDBOXES = 20;

    List<Finding> all() {
        List<Finding> all = new ArrayList<>();
        start("pool-run", "Started from the pool").ifPresent(all::add);
        start("template-run", "Cloned from a template").ifPresent(all::add);
        start("exec", "One more process in a running container").ifPresent(all::add);
        for (Row row : rows) {
            if (row.key().startsWith("cpu-")
                    || row.key().startsWith("disk-")
                    || row.key().startsWith("net-")) {
                work(row).ifPresent(all::add);
            }
        }
        density().ifPresent(all::add);
        memory().ifPresent(all::add);
        return all;
    }

    /** The first series is ours, the second runc's: the difference is what a start loses. */
    private Optional<Finding> start(String key, String what) {
        return row(key).filter(row -> row.promise() != null && row.series().size() > 1)
                .map(row -> {
                    Series ours = row.series().get(0);
                    Series theirs = row.series().get(1);
                    double lostMs = Math.max(0, ours.median() - theirs.median());
                    double seconds = 10 * lostMs / 1000;
                    Fit fit = seconds <= FITTING_SECONDS
                            ? Fit.FITS
                            : seconds <= MOST_SECONDS ? Fit.COSTS : Fit.DOES_NOT_FIT;
                    String pays = lostMs == 0
                            ? "loses nothing against it"
                            : "what runs for %s or longer loses less than a tenth of its time to that"
                                    .formatted(seconds(seconds));
                    return new Finding(
                            fit,
                            "%s: %s, %s %s: %s."
                                    .formatted(
                                            what,
                                            ours.unit().text(ours.median()),
                                            theirs.name(),
                                            theirs.unit().text(theirs.median()),
                                            pays));
                });
    }

    /** The last series is that of what the others are held against, each of which is a way to do the work in a VM. */
    private static Optional<Finding> work(Row row) {
        if (row.series().size() < 2) {
            return Optional.empty();
        }
        Series theirs = row.series().getLast();
        List<Series> ours = row.series().subList(0, row.series().size() - 1);
        double best =
                ours.stream().mapToDouble(each -> slowdown(each, theirs)).min().orElseThrow();
        Fit fit = best <= FITTING_SLOWDOWN ? Fit.FITS : best <= MOST_SLOWDOWN ? Fit.COSTS : Fit.DOES_NOT_FIT;
        List<String> ways = ours.stream()
                .map(each -> "%s %s".formatted(each.name(), pace(slowdown(each, theirs))))
                .toList();
        return Optional.of(new Finding(
                fit,
                "%s: %s (%s %s)."
                        .formatted(
                                capital(row.what()),
                                String.join(", ", ways),
                                theirs.name(),
                                theirs.unit().text(theirs.median()))));
    }

    private static String pace(double slowdown) {
        return slowdown < 1.05 ? "as fast" : String.format(Locale.ROOT, "%.1f times as slow", slowdown);
    }

    private static String capital(String text) {
        return text.substring(0, 1).toUpperCase(Locale.ROOT) + text.substring(1);
    }

    /** How many times as long the same work takes. */
    static double slowdown(Series ours, Series theirs) {
        return ours.unit().rises() ? theirs.median() / ours.median() : ours.median() / theirs.median();
    }

    private Optional<Finding> density() {
        return row("density").map(row -> {
            double many = row.series().getFirst().median();
            Fit fit = many >= MANY_SANDBOXES ? Fit.FITS : many >= SOME_SANDBOXES ? Fit.COSTS : Fit.DOES_NOT_FIT;
            return new Finding(fit, "Idle sandboxes: %.0f have room in the memory that is free here.".formatted(many));
        });
    }

    private Optional<Finding> memory() {
        double all = parts.megabytes();
        double emulation = parts.emulationMegabytes();
        return emulation == 0
                ? Optional.empty()
                : Optional.of(new Finding(
                        Fit.COSTS,
                        String.format(
                                Locale.ROOT,
                                "Software emulation: %.0f of the %.0f MB of a sandbox are its translated code, which KVM does not have.",
                                emulation,
                                all)));
    }

    private Optional<Row> row(String key) {
        return rows.stream()
                .filter(row -> row.key().equals(key) && !row.series().isEmpty())
                .findFirst();
    }

    private static String seconds(double value) {
        return String.format(Locale.ROOT, value < 10 ? "%.1f s" : "%.0f s", value);
    }
}
