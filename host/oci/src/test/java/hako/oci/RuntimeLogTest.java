package hako.oci;

import static org.assertj.core.api.Assertions.assertThat;

import hako.fakes.FakeCaller;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What goes wrong, as engines read it. */
class RuntimeLogTest {
    @TempDir
    Path directory;

    private final FakeCaller caller = new FakeCaller("state", "web");

    private RuntimeLog log(String... words) {
        GlobalOptions options = new GlobalOptions();
        options.parse(List.of(words));
        caller.directory = directory;
        return new RuntimeLog(options, caller, InstantSource.fixed(Instant.parse("2026-01-31T12:00:00.5Z")));
    }

    @Test
    void withoutAFileALineOnStandardErrorSaysIt() {
        log().error("a \"b\"");
        assertThat(caller.errors()).isEqualTo("time=\"2026-01-31T12:00:00Z\" level=error msg=\"a \\\"b\\\"\"\n");
    }

    @Test
    void aFileThatCannotBeWrittenAnyMoreIsMissedByNobody() throws Exception {
        RuntimeLog log = log("--log", "gone/log");
        log.error("a");
        assertThat(caller.errors()).isEqualTo("time=\"2026-01-31T12:00:00Z\" level=error msg=\"a\"\n");
    }

    @Test
    void aProcessThatStaysFindsItsLogAgain() {
        String path = log("--log", "the log").path();
        KeptCall.Token token = new KeptCall.Token("id", "", true, false, false, path);
        assertThat(KeptCall.Token.parse(token.toString())).isEqualTo(token);
        assertThat(path).isEqualTo(directory.resolve("the log").toString());
        KeptCall.Token exec = new KeptCall.Token("id", "exec", false, false, true, "");
        assertThat(KeptCall.Token.parse(exec.toString())).isEqualTo(exec);
    }

    @Test
    void aDescriptorOfTheCallerIsThatOfTheProcessThatStays() {
        String path = "/proc/" + caller.pid() + "/fd/2";
        assertThat(log("--log", path).path()).isEqualTo("/proc/self/fd/2");
    }

    @Test
    void withAFileTheLineIsThereAndTheMessageOnStandardError() throws Exception {
        log("--log", "log.json", "--log-format", "json").error("one");
        log("--log", "log.json", "--log-format", "json").error("two\nlines");
        assertThat(Files.readAllLines(directory.resolve("log.json")))
                .containsExactly(
                        "{\"level\":\"error\",\"msg\":\"one\",\"time\":\"2026-01-31T12:00:00Z\"}",
                        "{\"level\":\"error\",\"msg\":\"two\\nlines\",\"time\":\"2026-01-31T12:00:00Z\"}");
        assertThat(caller.errors()).isEqualTo("one\ntwo\nlines\n");
    }
}
