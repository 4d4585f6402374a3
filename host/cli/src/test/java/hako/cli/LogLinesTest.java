package hako.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.time.Instant;
import org.junit.jupiter.api.Test;

class LogLinesTest {
    private static final Instant AT = Instant.parse("2026-01-31T12:00:00.5Z");

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    private LogLines lines(boolean timestamps, long skipped) {
        return new LogLines(out, err, timestamps, skipped);
    }

    private static void write(LogLines lines, int stream, String text) throws IOException {
        lines.write(stream, AT, text.getBytes(UTF_8));
    }

    @Test
    void eachStreamGoesWhereItBelongs() throws IOException {
        LogLines lines = lines(false, 0);
        write(lines, 0, "a\nb");
        write(lines, 1, "error\n");
        write(lines, 0, "c\n");
        assertThat(out.toString(UTF_8)).isEqualTo("a\nbc\n");
        assertThat(err.toString(UTF_8)).isEqualTo("error\n");
        assertThat(lines.lines()).isEqualTo(3);
    }

    @Test
    void theFirstLinesCanBeLeftOut() throws IOException {
        LogLines lines = lines(false, 2);
        write(lines, 0, "one\ntw");
        write(lines, 1, "three\n");
        write(lines, 0, "o\nfour\nfi");
        write(lines, 0, "ve");
        assertThat(out.toString(UTF_8)).isEqualTo("four\nfive");
        assertThat(err.toString(UTF_8)).isEqualTo("three\n");
    }

    @Test
    void aLineInPiecesHasOneTime() throws IOException {
        LogLines lines = lines(true, 0);
        write(lines, 0, "he");
        write(lines, 0, "llo\n\nx\n");
        String time = "2026-01-31T12:00:00.500000000Z ";
        assertThat(out.toString(UTF_8)).isEqualTo(time + "hello\n" + time + "\n" + time + "x\n");
    }
}
