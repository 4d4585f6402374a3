package hako.storage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import hako.base.HakoException.Code;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProgramTest {
    @TempDir
    private Path directory;

    private void run(Duration timeout, String script) throws Exception {
        new Program("sh", "dash", timeout).run("test", directory, Map.of(), List.of("sh", "-c", script));
    }

    @Test
    void aProgramThatHangsIsEndedWithItsChildren() throws Exception {
        assertThatThrownBy(() -> run(Duration.ofMillis(500), "sleep 60 & echo $! > child; echo hello; wait"))
                .isInstanceOf(StorageException.class)
                .hasMessage("test: sh did not end within PT0.5S")
                .satisfies(e -> assertThat(((StorageException) e).code()).isEqualTo(Code.TIMEOUT));

        long child = Long.parseLong(Files.readString(directory.resolve("child")).strip());
        var handle = ProcessHandle.of(child);
        if (handle.isPresent()) {
            handle.get().onExit().get(5, TimeUnit.SECONDS);
        }
    }

    @Test
    void aChildThatIsLeftBehindHoldsNobodyUp() {
        Instant start = Instant.now();

        assertThatThrownBy(() -> run(Duration.ofMinutes(1), "sleep 20 & exit 3"))
                .hasMessageContaining("status 3");
        assertThat(Duration.between(start, Instant.now())).isLessThan(Duration.ofSeconds(10));
    }

    @Test
    void whatItSaysLastIsInTheMessage() {
        assertThatThrownBy(() ->
                        run(Duration.ofMinutes(1), "yes | head -c 100000 >/dev/null; echo first; echo last; exit 1"))
                .hasMessage("test: sh failed (status 1): last");
    }
}
