package hako.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MeterTest {
    @Test
    void eachLineIsAResult() {
        assertThat(Meter.results("send 1000 2\nreceive 5 1000000000\n"))
                .containsEntry("send", new Meter(1000, 2))
                .containsEntry("receive", new Meter(5, 1e9));
    }

    @Test
    void countsBecomeWhatIsAskedFor() {
        Meter meter = new Meter(500_000_000, 250_000_000);

        assertThat(meter.in(Unit.MEGABYTES_PER_SECOND)).isEqualTo(2000);
        assertThat(meter.in(Unit.PER_SECOND)).isEqualTo(2e9);
        assertThat(meter.in(Unit.MILLISECONDS)).isEqualTo(250);
        assertThat(new Meter(4, 2_000_000).eachMillis()).isEqualTo(0.5);
    }

    @ParameterizedTest
    @ValueSource(strings = {"send 1000", "send x 2", "send 1 0", "meter: no such work", "send 1 2 3"})
    void whatIsNoResultIsRefused(String output) {
        assertThatThrownBy(() -> Meter.results(output)).isInstanceOf(BenchmarkException.class);
    }

    @Test
    void twoResultsAreNotOne() {
        assertThatThrownBy(() -> Meter.result("a 1 2\nb 1 2\n")).isInstanceOf(BenchmarkException.class);
    }
}
