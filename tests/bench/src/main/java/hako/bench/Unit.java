package hako.bench;

import java.util.Locale;

/** Of a measured number. Memory in powers of 1024, throughput in those of 1000. */
enum Unit {
    RATIO("x"),
    MILLISECONDS("ms"),
    KILOBYTES("KB"),
    MEGABYTES("MB"),
    MEGABYTES_PER_SECOND("MB/s"),
    PER_SECOND("/s"),
    COUNT("");

    private final String symbol;

    Unit(String symbol) {
        this.symbol = symbol;
    }

    String symbol() {
        return symbol;
    }

    /** Whether more of it is better. */
    boolean rises() {
        return this == MEGABYTES_PER_SECOND || this == PER_SECOND || this == COUNT;
    }

    /** With three significant digits or so. */
    String text(double value) {
        String format = this == COUNT || value >= 100 ? "%.0f %s" : value < 10 ? "%.2f %s" : "%.1f %s";
        return String.format(Locale.ROOT, format, value, symbol).strip();
    }
}
