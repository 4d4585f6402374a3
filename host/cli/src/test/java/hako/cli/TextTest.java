package hako.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import hako.door.Bytes;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Sizes, times and tables as people and scripts read them. */
class TextTest {
    @Test
    void sizesAreReadInPowersOf1024() {
        assertThat(Bytes.parse("512m")).isEqualTo(512L << 20);
        assertThat(Bytes.parse("1.5g")).isEqualTo(3L << 29);
        assertThat(Bytes.parse("64KiB")).isEqualTo(65536);
        assertThat(Bytes.parse("10MB")).isEqualTo(10L << 20);
        assertThat(Bytes.parse("1048576")).isEqualTo(1 << 20);
    }

    @Test
    void whatIsNoSizeIsRefused() {
        for (String text : List.of("", "m", "-1m", "1x", "9999999999p", "1e9", "0x10")) {
            assertThatThrownBy(() -> Bytes.parse(text)).as(text).isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void sizesAreWrittenAsDockerWritesThem() {
        assertThat(Bytes.decimal(0)).isEqualTo("0B");
        assertThat(Bytes.decimal(999)).isEqualTo("999B");
        assertThat(Bytes.decimal(4_268_123)).isEqualTo("4.27MB");
        assertThat(Bytes.decimal(1_200_000_000)).isEqualTo("1.2GB");
        assertThat(Bytes.binary(512L << 20)).isEqualTo("512MiB");
        assertThat(Bytes.binary(1_234_567)).isEqualTo("1.177MiB");
    }

    @Test
    void spansAreWrittenAsDockerWritesThem() {
        assertThat(Ago.span(Duration.ofMillis(900))).isEqualTo("Less than a second");
        assertThat(Ago.span(Duration.ofSeconds(-5))).isEqualTo("Less than a second");
        assertThat(Ago.span(Duration.ofSeconds(1))).isEqualTo("1 second");
        assertThat(Ago.span(Duration.ofSeconds(59))).isEqualTo("59 seconds");
        assertThat(Ago.span(Duration.ofSeconds(61))).isEqualTo("About a minute");
        assertThat(Ago.span(Duration.ofMinutes(2))).isEqualTo("2 minutes");
        assertThat(Ago.span(Duration.ofMinutes(70))).isEqualTo("About an hour");
        assertThat(Ago.span(Duration.ofHours(47))).isEqualTo("47 hours");
        assertThat(Ago.span(Duration.ofDays(3))).isEqualTo("3 days");
        assertThat(Ago.span(Duration.ofDays(20))).isEqualTo("2 weeks");
        assertThat(Ago.span(Duration.ofDays(90))).isEqualTo("3 months");
        assertThat(Ago.span(Duration.ofDays(800))).isEqualTo("2 years");
    }

    @Test
    void columnsStandBelowTheirHeadings() {
        String table = new Table("ID", "NAME", "STATUS")
                .row("1", "a-rather-long-name", "Up")
                .row("22", "b", "Exited (0)")
                .text();
        assertThat(table).isEqualTo("""
                ID        NAME                 STATUS
                1         a-rather-long-name   Up
                22        b                    Exited (0)
                """);
    }

    @Test
    void controlCharactersOfStrangersAreShownNotSent() {
        assertThat(new Table("NAME").row("a\u001b]0;owned\u0007\nb\u202e\u009b").text())
                .isEqualTo("NAME\na\\u001b]0;owned\\u0007\\nb\\u202e\\u009b\n");
    }

    @Test
    void timesAreSpansBeforeNowOrPointsInTime() {
        Instant now = Instant.parse("2026-01-31T12:00:00Z");
        assertThat(Times.parse("1h30m", now)).isEqualTo("2026-01-31T10:30:00Z");
        assertThat(Times.parse("90s", now)).isEqualTo("2026-01-31T11:58:30Z");
        assertThat(Times.parse("2026-01-30", now)).isEqualTo("2026-01-30T00:00:00Z");
        assertThat(Times.parse("2026-01-30T10:00:00", now)).isEqualTo("2026-01-30T10:00:00Z");
        assertThat(Times.parse("2026-01-30T10:00:00+02:00", now)).isEqualTo("2026-01-30T08:00:00Z");
        assertThat(Times.parse("1700000000.5", now)).isEqualTo(Instant.ofEpochMilli(1_700_000_000_500L));
        assertThatThrownBy(() -> Times.parse("yesterday", now)).hasMessageContaining("\"yesterday\" is no time");
    }
}
