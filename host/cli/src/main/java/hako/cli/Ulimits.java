package hako.cli;

import hako.door.Printable;
import hako.spec.ProcessSpec.Rlimit;
import java.math.BigInteger;
import java.util.List;
import java.util.Locale;

/** The values of {@code --ulimit} ({@code getrlimit(2)}). */
final class Ulimits {
    private static final List<String> NAMES = List.of(
            "as",
            "core",
            "cpu",
            "data",
            "fsize",
            "locks",
            "memlock",
            "msgqueue",
            "nice",
            "nofile",
            "nproc",
            "rss",
            "rtprio",
            "rttime",
            "sigpending",
            "stack");
    private static final BigInteger INFINITY = BigInteger.TWO.pow(64).subtract(BigInteger.ONE);

    private Ulimits() {}

    /** @param text {@code nofile=1024} or, soft and hard, {@code nofile=1024:4096}; -1 is no limit */
    static Rlimit parse(String text) {
        int equals = text.indexOf('=');
        String name = equals < 0 ? "" : text.substring(0, equals).toLowerCase(Locale.ROOT);
        if (!NAMES.contains(name)) {
            throw new IllegalArgumentException("not NAME=SOFT[:HARD] with a NAME of " + String.join(", ", NAMES));
        }
        String[] limits = text.substring(equals + 1).split(":", -1);
        BigInteger soft = limit(limits[0]);
        BigInteger hard = limits.length == 2 ? limit(limits[1]) : soft;
        if (limits.length > 2 || soft.compareTo(hard) > 0) {
            throw new IllegalArgumentException("the soft limit is above the hard one, or there are more than two");
        }
        return new Rlimit("RLIMIT_" + name.toUpperCase(Locale.ROOT), hard, soft);
    }

    private static BigInteger limit(String text) {
        if (text.equals("-1") || text.equals("unlimited")) {
            return INFINITY;
        }
        if (!text.matches("\\d{1,18}")) {
            throw new IllegalArgumentException("not a number: " + Printable.line(text));
        }
        return new BigInteger(text);
    }
}
