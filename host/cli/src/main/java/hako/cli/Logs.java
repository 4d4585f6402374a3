package hako.cli;

import hako.door.Option;
import hako.door.Signals;
import hako.sandbox.Container;
import hako.sandbox.OutputReader;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Instant;
import java.util.List;

/** {@code hako logs}. */
final class Logs extends Verb {
    private static final long ALL = -1;

    private final Option<Boolean> follow = options().flag("follow", 'f', "Go on until the container ends");
    private final Option<Long> tail =
            options().value("tail", 'n', "LINES", "Only the last lines; all (default)", ALL, Logs::lines);
    private final Option<Boolean> timestamps = options().flag("timestamps", 't', "Each line with its time");
    private final Option<String> since =
            options().text("since", "TIME", "Only what is younger: 10m, 2026-01-31T12:00:00Z, or seconds since 1970");
    private final Option<String> until = options().text("until", "TIME", "Only what is older");

    Logs() {
        super("logs", "CONTAINER", "Show what a container has written", 1, 1);
    }

    @Override
    int run(Call call, List<String> arguments) throws IOException, InterruptedException {
        Container container = call.container(arguments.getFirst());
        Instant from = since.given() ? Times.parse(since.value(), call.now()) : Instant.MIN;
        Instant to = until.given() ? Times.parse(until.value(), call.now()) : Instant.MAX;
        OutputStream out = call.caller().stdout();
        OutputStream err = call.caller().stderr();
        LogLines lines = new LogLines(out, err, timestamps.value(), skipped(container, from, to));
        try (OutputReader reader = container.init().output().reader(0, false)) {
            copy(reader, lines, from, to);
        } catch (LogLines.Unread e) {
            return Signals.exitCode(Signals.SIGPIPE);
        }
        return SUCCESS;
    }

    private void copy(OutputReader reader, LogLines lines, Instant from, Instant to)
            throws IOException, InterruptedException {
        for (var chunk = reader.next(follow.value()); chunk != null; chunk = reader.next(follow.value())) {
            if (chunk.at().isAfter(to)) {
                return;
            }
            if (!chunk.at().isBefore(from)) {
                lines.write(chunk.stream(), chunk.at(), chunk.bytes());
            }
            reader.advance(chunk);
        }
    }

    /** How many lines to leave out so that as many as wanted are left. */
    private long skipped(Container container, Instant from, Instant to) throws IOException, InterruptedException {
        if (tail.value() == ALL) {
            return 0;
        }
        LogLines counted = new LogLines(OutputStream.nullOutputStream(), OutputStream.nullOutputStream(), false, 0);
        try (OutputReader reader = container.init().output().reader(0, false)) {
            for (var chunk = reader.next(false); chunk != null; chunk = reader.next(false)) {
                if (!chunk.at().isBefore(from) && !chunk.at().isAfter(to)) {
                    counted.write(chunk.stream(), chunk.at(), chunk.bytes());
                }
                reader.advance(chunk);
            }
        }
        return Math.max(0, counted.lines() - tail.value());
    }

    private static long lines(String text) {
        if (text.equals("all")) {
            return ALL;
        }
        if (!text.matches("\\d{1,12}")) {
            throw new IllegalArgumentException("a number of lines, or all");
        }
        return Long.parseLong(text);
    }
}
