package hako.bench;

import java.util.ArrayList;
import java.util.List;

/**
 * What one thing measured again and again came to.
 *
 * @param values in the order of measuring, at least one
 */
record Series(String name, Unit unit, List<Double> values) {
    Series {
        values = List.copyOf(values);
        if (values.isEmpty()) {
            throw new IllegalArgumentException("nothing was measured: " + name);
        }
    }

    static Series of(String name, Unit unit, double value) {
        return new Series(name, unit, List.of(value));
    }

    /** What was measured later, put behind what was measured before; each list has a series for each contender. */
    static List<Series> joined(List<Series> before, List<Series> later) {
        if (before.isEmpty()) {
            return later;
        }
        List<Series> joined = new ArrayList<>();
        for (int i = 0; i < later.size(); i++) {
            List<Double> all = new ArrayList<>(before.get(i).values());
            all.addAll(later.get(i).values());
            joined.add(new Series(later.get(i).name(), later.get(i).unit(), all));
        }
        return joined;
    }

    double median() {
        return quantile(0.5);
    }

    double low() {
        return quantile(0.1);
    }

    double high() {
        return quantile(0.9);
    }

    /** Between the two nearest values. */
    double quantile(double part) {
        List<Double> sorted = values.stream().sorted().toList();
        double at = part * (sorted.size() - 1);
        int below = (int) at;
        int above = Math.min(below + 1, sorted.size() - 1);
        return sorted.get(below) + (at - below) * (sorted.get(above) - sorted.get(below));
    }

    /** Value by value: what was measured in the same round is compared. */
    Series over(Series other) {
        List<Double> ratios = new ArrayList<>();
        for (int i = 0; i < Math.min(values.size(), other.values.size()); i++) {
            ratios.add(values.get(i) / other.values.get(i));
        }
        return new Series(name + " / " + other.name, Unit.RATIO, ratios);
    }

    /** {@code 812 ms (790 to 850)}: the median, and between what eight of ten lie. */
    String text() {
        return values.size() == 1
                ? unit.text(median())
                : "%s (%s to %s)".formatted(unit.text(median()), unit.text(low()), unit.text(high()));
    }
}
