package hako.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MappedCounterTest {
    @TempDir
    Path dir;

    @Test
    void itsNumberIsInTheFileAtOnceAndThereAgainWhenOpened() throws Exception {
        Path file = dir.resolve("counter");
        try (MappedCounter counter = MappedCounter.open(file)) {
            assertThat(counter.get()).isZero();
            counter.set(1L << 40);
            assertThat(ByteBuffer.wrap(Files.readAllBytes(file))
                            .order(ByteOrder.nativeOrder())
                            .getLong())
                    .isEqualTo(1L << 40);
        }
        try (MappedCounter counter = MappedCounter.open(file)) {
            assertThat(counter.get()).isEqualTo(1L << 40);
        }
    }

    @Test
    void aClosedOneRefusesRatherThanCrashes() {
        MappedCounter counter = MappedCounter.open(dir.resolve("counter"));
        counter.close();
        counter.close();
        assertThatThrownBy(counter::get).isInstanceOf(IllegalStateException.class);
    }
}
