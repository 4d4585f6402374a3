package hako.door;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Amounts of bytes as people write and read them; in the forms of Docker's {@code go-units}. */
public final class Bytes {
    private static final Pattern SIZE = Pattern.compile("(\\d{1,12}(?:\\.\\d{1,6})?) ?([kmgtp]?)(?:i?b)?");
    private static final String SCALE = "kmgtp";
    private static final List<String> DECIMAL = List.of("B", "kB", "MB", "GB", "TB", "PB", "EB");
    private static final List<String> BINARY = List.of("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB");

    private Bytes() {}

    /** @param text {@code 512m}, {@code 1.5GiB}, {@code 1048576}: powers of 1024, whatever the spelling */
    public static long parse(String text) {
        Matcher matcher = SIZE.matcher(text.strip().toLowerCase(Locale.ROOT));
        if (!matcher.matches()) {
            throw new IllegalArgumentException("not a size: write a number of bytes, or one with k, m or g");
        }
        int power = matcher.group(2).isEmpty() ? 0 : SCALE.indexOf(matcher.group(2)) + 1;
        BigDecimal bytes = new BigDecimal(matcher.group(1)).multiply(BigDecimal.valueOf(1L << (10 * power)));
        if (bytes.compareTo(BigDecimal.valueOf(Long.MAX_VALUE)) > 0) {
            throw new IllegalArgumentException("more than any machine has");
        }
        return bytes.longValue();
    }

    /** Powers of 1000 and three digits: {@code 4.27MB}. */
    public static String decimal(long bytes) {
        return text(bytes, 1000, 3, DECIMAL);
    }

    /** Powers of 1024 and four digits: {@code 512MiB}. */
    public static String binary(long bytes) {
        return text(bytes, 1024, 4, BINARY);
    }

    private static String text(long bytes, int base, int digits, List<String> units) {
        double amount = bytes;
        int unit = 0;
        while (amount >= base && unit < units.size() - 1) {
            amount /= base;
            unit++;
        }
        BigDecimal rounded = new BigDecimal(amount).round(new MathContext(digits));
        return (rounded.signum() == 0 ? "0" : rounded.stripTrailingZeros().toPlainString()) + units.get(unit);
    }
}
