package hako.cli;

import java.time.Duration;
import java.time.Instant;

/** Spans of time as people read them; in the form of Docker's {@code go-units}, HumanDuration. */
final class Ago {
    private static final int HOURS_A_DAY = 24;
    private static final int HOURS_A_WEEK = 7 * HOURS_A_DAY;
    private static final int HOURS_A_MONTH = 30 * HOURS_A_DAY;
    private static final int HOURS_A_YEAR = 365 * HOURS_A_DAY;

    private Ago() {}

    /** {@code About a minute}, {@code 3 hours}. */
    static String span(Duration duration) {
        long seconds = Math.max(0, duration.toSeconds());
        long minutes = seconds / 60;
        long hours = (seconds + 1800) / 3600;
        if (seconds < 1) {
            return "Less than a second";
        } else if (seconds < 60) {
            return seconds == 1 ? "1 second" : seconds + " seconds";
        } else if (minutes < 60) {
            return minutes == 1 ? "About a minute" : minutes + " minutes";
        } else if (hours < 2 * HOURS_A_DAY) {
            return hours == 1 ? "About an hour" : hours + " hours";
        } else if (hours < 2 * HOURS_A_WEEK) {
            return hours / HOURS_A_DAY + " days";
        } else if (hours < 2 * HOURS_A_MONTH) {
            return hours / HOURS_A_WEEK + " weeks";
        } else if (hours < 2 * HOURS_A_YEAR) {
            return hours / HOURS_A_MONTH + " months";
        }
        return hours / HOURS_A_YEAR + " years";
    }

    static String since(Instant then, Instant now) {
        return span(Duration.between(then, now)) + " ago";
    }
}
