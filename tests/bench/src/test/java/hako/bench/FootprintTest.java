package hako.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class FootprintTest {
    @Test
    void aProcessIsTakenApart() {
        long self = ProcessHandle.current().pid();

        Footprint footprint = Footprint.of(List.of(self));

        assertThat(footprint.bytes()).containsKeys("libraries", "other memory of its own");
        assertThat(footprint.megabytes()).isGreaterThan(5);
    }

    @Test
    void ofManyThereIsAnAverage() {
        assertThat(new Footprint(Map.of(Footprint.GUEST, 100L)).each(20).bytes())
                .containsEntry(Footprint.GUEST, 5L);
    }

    @Test
    void partsAreSortedAndMarked() {
        Parts parts = new Parts(
                new Footprint(Map.of(Footprint.TRANSLATED, 40L << 20, "libraries", 4L << 20)),
                new Footprint(Map.of(Footprint.GUEST, 45L << 20, "libraries", 3L << 20)));

        assertThat(parts.all())
                .containsExactly(
                        new Parts.Part(Footprint.GUEST, 0, 45, false),
                        new Parts.Part(Footprint.TRANSLATED, 40, 0, true),
                        new Parts.Part("libraries", 4, 3, false));
    }
}
