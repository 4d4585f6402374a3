package hako.bench;

import static org.assertj.core.api.Assertions.assertThat;

import io.avaje.jsonb.Jsonb;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ReportTest {
    private static final Series OURS = new Series("hako run", Unit.MILLISECONDS, List.of(90.0, 110.0, 100.0));
    private static final Series THEIRS = new Series("runc run", Unit.MILLISECONDS, List.of(45.0, 55.0, 50.0));

    private static final Report REPORT = new Report(
            Map.of("accelerator", "software emulation (tcg)"),
            List.of(
                    Row.of(Promise.POOL_RUN, OURS.over(THEIRS), OURS, THEIRS),
                    Row.of(Promise.STOP, Series.of("hako stop", Unit.MILLISECONDS, 61)),
                    Row.unjudged(Promise.EXEC, "not judged: no <runc> here", List.of(OURS)),
                    Row.leftOut("net", "network", "no ip; install iproute2")),
            new Parts(
                    new Footprint(Map.of(Footprint.TRANSLATED, 46L << 20)),
                    new Footprint(Map.of(Footprint.GUEST, 40L << 20))));

    @Test
    void aBrokenPromiseIsOneAndWhatIsNotJudgedIsNone() {
        assertThat(REPORT.rows()).extracting(Row::holds).containsExactly(true, false, true, true);
        assertThat(REPORT.holds()).isFalse();
    }

    @Test
    void markdownHasARowForEach() {
        assertThat(REPORT.markdown())
                .contains("| 2.00 x (2.00 x to 2.00 x) | 3.00 x runc run | holds | hako run 100 ms")
                .contains("| 61.0 ms | 60.0 ms | **BROKEN** |")
                .contains("|  |  | hako run 100 ms (92.0 ms to 108 ms); not judged: no <runc> here |")
                .contains("| Not promised, shown | Side by side |\n|---|---|\n| network | no ip; install iproute2 |\n")
                .contains("| translated code (not with KVM) | 46.0 | 0.0 |")
                .contains("## Where a VM fits on this host", Findings.RULES);
    }

    @Test
    void theTerminalIsToldTheSame() {
        assertThat(REPORT.text())
                .contains("accelerator    software emulation (tcg)")
                .contains("61.0 ms, at most 60.0 ms: BROKEN")
                .contains("(no ip; install iproute2)")
                .contains("Where a VM fits on this host");
    }

    @Test
    @SuppressWarnings("unchecked")
    void jsonHasEveryMeasurement() {
        Map<String, Object> all =
                (Map<String, Object>) Jsonb.builder().build().type(Object.class).fromJson(REPORT.json());
        List<Map<String, Object>> rows = (List<Map<String, Object>>) all.get("rows");

        assertThat(rows).extracting(row -> row.get("key")).containsExactly("pool-run", "stop", "exec", "net");
        assertThat(rows.get(0)).containsEntry("holds", true).containsEntry("promise", "POOL_RUN");
        assertThat(((List<Map<String, Object>>) rows.get(0).get("series")).getFirst())
                .containsEntry("unit", "ms")
                .containsEntry("values", List.of(90L, 110L, 100L));
        assertThat(rows.get(3)).containsEntry("note", "no ip; install iproute2").doesNotContainKey("measured");
        assertThat(all).containsKeys("circumstances", "findings", "sandbox_parts_mb");
    }

    @Test
    void theHtmlPageEscapesAndPlotsEveryDot() {
        String page = new HtmlPage(REPORT).text();

        assertThat(page).contains("no &lt;runc&gt; here").doesNotContain("<runc>");
        assertThat(page.split("<circle", -1)).hasSize(1 + 3 + 3 + 1 + 3);
    }
}
