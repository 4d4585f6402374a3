package hako.daemon;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.logging.Level;
import java.util.logging.LogRecord;
import org.junit.jupiter.api.Test;

class LoggingTest {
    @Test
    void whatAGuestSaysCannotLookLikeARecordOfItsOwn() {
        LogRecord record = new LogRecord(Level.INFO, "guest said \n2026-01-01T00:00:00Z INFO  all is well\u001b[2J");
        String line = new Logging.Line().format(record);
        assertThat(line.lines()).hasSize(1);
        assertThat(line).contains("guest said \\x0a2026").contains("\\x1b[2J");
    }

    @Test
    void norCanWhatItSaidInAnExceptionWithItsTrace() {
        LogRecord record = new LogRecord(Level.WARNING, "clean up");
        record.setThrown(new IllegalStateException("it says:\r\n2026-01-01T00:00:00Z INFO  all is well\u001b[2J"));

        String text = new Logging.Line().format(record);

        assertThat(text.lines().skip(1)).isNotEmpty().allMatch(line -> line.startsWith("    "));
        assertThat(text).contains("all is well\\x1b[2J").endsWith("\n");
    }
}
