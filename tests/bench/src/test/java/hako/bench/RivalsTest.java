package hako.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class RivalsTest {
    /** One that does nothing. */
    private record FakeRival(String name, String obstacle, List<String> stopped) implements Rival {
        @Override
        public String version() {
            return "1";
        }

        @Override
        public List<String> runLine(String... command) {
            return List.of(name, "run");
        }

        @Override
        public void startIdle() {}

        @Override
        public List<String> execLine() {
            return List.of(name, "exec");
        }

        @Override
        public void stopIdle() {
            stopped.add(name);
        }
    }

    private final List<String> stopped = new ArrayList<>();

    private FakeRival rival(String name, String obstacle) {
        return new FakeRival(name, obstacle, stopped);
    }

    private static Series series(String name, double ms) {
        return Series.of(name, Unit.MILLISECONDS, ms);
    }

    @Test
    void whatDoesNotWorkIsLeftOutAndToldWhy() {
        Rivals rivals = new Rivals(List.of(rival("runc", ""), rival("crun", "there is no program crun; install crun")));

        assertThat(rivals.working()).extracting(Rival::name).containsExactly("runc");
        assertThat(rivals.obstacles()).containsEntry("crun", "there is no program crun; install crun");
        assertThat(stopped).containsExactly("crun");
    }

    @Test
    void aPromiseIsJudgedBesideRunc() {
        Row row = new Rivals(List.of(rival("runc", "")))
                .judged(Promise.EXEC, List.of(series("hako exec", 60), series("runc exec", 20)));

        assertThat(row.judged()).isNotNull();
        assertThat(row.holds()).isFalse();
        assertThat(row.measured()).isEqualTo("3.00 x");
    }

    @Test
    void withoutRuncItIsMeasuredAndNotJudged() {
        Row row = new Rivals(List.of(rival("runc", "there is no program runc; install runc"), rival("crun", "")))
                .judged(Promise.EXEC, List.of(series("hako exec", 60), series("crun exec", 20)));

        assertThat(row.promise()).isNull();
        assertThat(row.measured()).isEqualTo("60.0 ms");
        assertThat(row.note()).isEqualTo("not judged: no runc here: there is no program runc; install runc");
    }

    @Test
    void aProgramThatIsNotThereIsAnObstacle() {
        Tools tools = new Tools(java.nio.file.Path.of("/none"), java.nio.file.Path.of("/none"));
        OciRival rival =
                new OciRival("kata", "/no/such/kata-runtime", List.of(), tools.work(), tools.work(), "give the path");

        assertThat(rival.obstacle()).isEqualTo("there is no program /no/such/kata-runtime; give the path");
    }
}
