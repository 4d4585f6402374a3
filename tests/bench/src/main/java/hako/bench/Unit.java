package hako.bench;

import java.util.Locale;

/** Of a measured number. Memory in powers of 1024. */
enum Unit {
    RATIO("x"),
    MILLISECONDS("ms"),
    KILOBYTES("KB"),
    MEGABYTES("MB");

    private final String symbol;

    Unit(String symbol) {
        this.symbol = symbol;
    }

    String symbol() {
        return symbol;
    }

    /** With three significant digits or so. */
    String text(double value) {
        String format = value < 10 ? "%.2f %s" : value < 100 ? "%.1f %s" : "%.0f %s";
        return String.format(Locale.ROOT, format, value, symbol);
    }
}
