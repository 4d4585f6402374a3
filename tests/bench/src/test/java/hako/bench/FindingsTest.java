package hako.bench;

import static org.assertj.core.api.Assertions.assertThat;

import hako.bench.Finding.Fit;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The rules, at their edges. */
class FindingsTest {
    private static List<Finding> of(Row row) {
        return new Findings(List.of(row), Parts.NONE).all();
    }

    private static Series series(String name, Unit unit, double value) {
        return Series.of(name, unit, value);
    }

    @ParameterizedTest
    @CsvSource({
        "40, FITS, loses nothing",
        "140, FITS, what runs for 1.0 s or longer",
        "141, COSTS, what runs for 1.0 s or longer",
        "1040, COSTS, what runs for 10 s or longer",
        "1041, DOES_NOT_FIT, what runs for 10 s or longer"
    })
    void aStartFitsWhatLosesLessThanATenthToIt(double oursMs, Fit fit, String sentence) {
        Series ours = series("hako run", Unit.MILLISECONDS, oursMs);
        Series theirs = series("runc run", Unit.MILLISECONDS, 40);

        List<Finding> findings = of(Row.of(Promise.POOL_RUN, ours.over(theirs), ours, theirs));

        assertThat(findings).singleElement().satisfies(finding -> {
            assertThat(finding.fit()).isEqualTo(fit);
            assertThat(finding.sentence()).contains(sentence);
        });
    }

    @ParameterizedTest
    @CsvSource({
        "100, FITS, as fast",
        "125, FITS, 1.3 times",
        "126, COSTS, 1.3",
        "300, COSTS, 3.0",
        "301, DOES_NOT_FIT, 3.0"
    })
    void workFitsByHowMuchLongerItTakes(double oursMs, Fit fit, String sentence) {
        Row row = Row.shown(
                "cpu-x",
                "computing",
                series("in a VM", Unit.MILLISECONDS, oursMs),
                series("runc", Unit.MILLISECONDS, 100));

        assertThat(of(row)).singleElement().satisfies(finding -> {
            assertThat(finding.fit()).isEqualTo(fit);
            assertThat(finding.sentence()).startsWith("Computing: in a VM ").contains(sentence);
        });
    }

    @Test
    void aThroughputIsSlowWhenItIsLowAndTheBestWayCounts() {
        Row row = Row.shown(
                "disk-x",
                "files read",
                series("one way", Unit.MEGABYTES_PER_SECOND, 100),
                series("another", Unit.MEGABYTES_PER_SECOND, 900),
                series("on the host", Unit.MEGABYTES_PER_SECOND, 1000));

        assertThat(of(row))
                .containsExactly(new Finding(
                        Fit.FITS,
                        "Files read: one way 10.0 times as slow, another 1.1 times as slow (on the host 1000 MB/s)."));
    }

    @ParameterizedTest
    @CsvSource({"100, FITS", "99, COSTS", "20, COSTS", "19, DOES_NOT_FIT"})
    void idleSandboxesFitByTheirNumber(double many, Fit fit) {
        assertThat(of(Row.shown("density", "idle sandboxes", series("so many", Unit.COUNT, many))))
                .extracting(Finding::fit)
                .containsExactly(fit);
    }

    @Test
    void whatEmulationTakesIsSaidOnlyWhereItTakesSomething() {
        Footprint emulated = new Footprint(Map.of(Footprint.TRANSLATED, 20L << 20, Footprint.GUEST, 60L << 20));
        Footprint kvm = new Footprint(Map.of(Footprint.GUEST, 60L << 20));

        assertThat(new Findings(List.of(), new Parts(Footprint.NONE, emulated)).all())
                .singleElement()
                .satisfies(finding -> assertThat(finding.sentence()).contains("20 of the 80 MB"));
        assertThat(new Findings(List.of(), new Parts(Footprint.NONE, kvm)).all())
                .isEmpty();
    }

    @Test
    void whatWasNotMeasuredHasNoFinding() {
        assertThat(of(Row.leftOut("net-send", "network", "no ip"))).isEmpty();
        assertThat(of(Row.unjudged(Promise.POOL_RUN, "no runc", List.of(series("hako run", Unit.MILLISECONDS, 90)))))
                .isEmpty();
    }
}
