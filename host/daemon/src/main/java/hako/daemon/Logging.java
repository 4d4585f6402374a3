package hako.daemon;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Map;
import java.util.logging.ConsoleHandler;
import java.util.logging.Formatter;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import java.util.logging.Logger;

/** One line a record on stderr, which the door-step or the service manager keeps. */
final class Logging {
    private Logging() {}

    /** {@code HAKO_LOG=debug} shows more. */
    static void start(Map<String, String> environment) {
        Level level = "debug".equals(environment.get("HAKO_LOG")) ? Level.FINE : Level.INFO;
        Logger root = Logger.getLogger("");
        for (var handler : root.getHandlers()) {
            root.removeHandler(handler);
        }
        ConsoleHandler handler = new ConsoleHandler();
        handler.setLevel(level);
        handler.setFormatter(new Line());
        root.addHandler(handler);
        Logger hako = Logger.getLogger("hako");
        hako.setLevel(level);
    }

    static final class Line extends Formatter {
        @Override
        public String format(LogRecord record) {
            StringBuilder line = new StringBuilder(160)
                    .append(Instant.ofEpochMilli(record.getMillis()).truncatedTo(ChronoUnit.MILLIS))
                    .append(' ')
                    .append(level(record.getLevel()))
                    .append(' ')
                    .append(oneLine(formatMessage(record)))
                    .append('\n');
            Throwable thrown = record.getThrown();
            if (thrown != null) {
                java.io.StringWriter trace = new java.io.StringWriter();
                thrown.printStackTrace(new java.io.PrintWriter(trace));
                trace.toString()
                        .lines()
                        .forEach(part -> line.append("    ")
                                .append(oneLine(part.replace("\t", "    ")))
                                .append('\n'));
            }
            return line.toString();
        }

        /** What a guest says reaches the log, also in an exception: it must not look like a record of its own, which none with a margin does. */
        private static String oneLine(String message) {
            return message.codePoints()
                    .collect(
                            StringBuilder::new,
                            (line, c) -> line.append(
                                    Character.isISOControl(c) ? "\\x%02x".formatted(c) : Character.toString(c)),
                            StringBuilder::append)
                    .toString();
        }

        private static String level(Level level) {
            return switch (level.intValue()) {
                case 1000 -> "ERROR";
                case 900 -> "WARN ";
                case 800 -> "INFO ";
                default -> "DEBUG";
            };
        }
    }
}
