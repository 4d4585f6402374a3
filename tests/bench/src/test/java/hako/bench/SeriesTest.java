package hako.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class SeriesTest {
    private static Series of(Double... values) {
        return new Series("x", Unit.MILLISECONDS, List.of(values));
    }

    @Test
    void theMedianIsInTheMiddleWhateverTheOrder() {
        assertThat(of(9.0, 1.0, 5.0).median()).isEqualTo(5);
        assertThat(of(4.0, 1.0, 2.0, 3.0).median()).isEqualTo(2.5);
        assertThat(of(7.0).median()).isEqualTo(7);
    }

    @Test
    void eightOfTenLieBetweenLowAndHigh() {
        Series series = of(0.0, 10.0, 20.0, 30.0, 40.0, 50.0, 60.0, 70.0, 80.0, 90.0, 100.0);

        assertThat(series.low()).isEqualTo(10);
        assertThat(series.high()).isEqualTo(90);
        assertThat(series.text()).isEqualTo("50.0 ms (10.0 ms to 90.0 ms)");
    }

    @Test
    void whatWasMeasuredInTheSameRoundIsCompared() {
        Series ratio = of(10.0, 40.0, 90.0).over(of(1.0, 2.0, 3.0));

        assertThat(ratio.values()).containsExactly(10.0, 20.0, 30.0);
        assertThat(ratio.unit()).isEqualTo(Unit.RATIO);
    }

    @Test
    void laterRoundsFollowEarlierOnes() {
        List<Series> joined = Series.joined(Series.joined(List.of(), List.of(of(1.0))), List.of(of(2.0, 3.0)));

        assertThat(joined.getFirst().values()).containsExactly(1.0, 2.0, 3.0);
    }

    @Test
    void aSeriesOfNothingIsAMistake() {
        assertThatThrownBy(() -> new Series("x", Unit.RATIO, List.of())).hasMessageContaining("nothing was measured");
    }

    @Test
    void numbersHaveAboutThreeDigits() {
        assertThat(Unit.MILLISECONDS.text(0.2345)).isEqualTo("0.23 ms");
        assertThat(Unit.MEGABYTES.text(99.94)).isEqualTo("99.9 MB");
        assertThat(Unit.PER_SECOND.text(12345.6)).isEqualTo("12346 /s");
        assertThat(Unit.COUNT.text(7)).isEqualTo("7");
    }
}
