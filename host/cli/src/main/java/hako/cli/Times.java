package hako.cli;

import hako.base.HakoException;
import hako.door.Printable;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeParseException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Points in time as {@code --since} has them. */
final class Times {
    private static final Pattern SPAN = Pattern.compile("(?:(\\d{1,6})h)?(?:(\\d{1,7})m)?(?:(\\d{1,9})s)?");
    private static final Pattern EPOCH = Pattern.compile("(\\d{1,11})(?:\\.(\\d{1,9}))?");

    private Times() {}

    /** @param text {@code 1h30m} before now, {@code 2026-01-31T12:00:00Z} (UTC without zone), a day, or seconds */
    static Instant parse(String text, Instant now) {
        Matcher epoch = EPOCH.matcher(text);
        if (epoch.matches()) {
            String fraction = epoch.group(2) == null ? "" : epoch.group(2);
            return Instant.ofEpochSecond(
                    Long.parseLong(epoch.group(1)), Long.parseLong((fraction + "000000000").substring(0, 9)));
        }
        Matcher span = SPAN.matcher(text);
        if (!text.isEmpty() && span.matches()) {
            return now.minus(Duration.ofHours(number(span.group(1)))
                    .plusMinutes(number(span.group(2)))
                    .plusSeconds(number(span.group(3))));
        }
        try {
            if (text.length() == "2026-01-31".length()) {
                return LocalDateTime.parse(text + "T00:00:00").toInstant(ZoneOffset.UTC);
            }
            return OffsetDateTime.parse(text).toInstant();
        } catch (DateTimeParseException e) {
            return local(text);
        }
    }

    private static Instant local(String text) {
        try {
            return LocalDateTime.parse(text).toInstant(ZoneOffset.UTC);
        } catch (DateTimeException e) {
            throw HakoException.user(
                    HakoException.Code.INVALID_ARGUMENT,
                    "\"%s\" is no time: write 10m, 2026-01-31T12:00:00Z, or seconds since 1970"
                            .formatted(Printable.line(text)));
        }
    }

    private static long number(@org.jspecify.annotations.Nullable String digits) {
        return digits == null ? 0 : Long.parseLong(digits);
    }
}
