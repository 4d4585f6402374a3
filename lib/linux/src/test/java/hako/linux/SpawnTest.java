package hako.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import hako.base.HakoException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 10, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class SpawnTest {
    private static final Duration SOON = Duration.ofSeconds(5);
    private static final Map<String, String> PATH = Map.of("PATH", "/usr/bin:/bin");

    @TempDir
    Path dir;

    @Test
    void theExitStatusIsReportedAtEveryCall() throws Exception {
        try (Spawned child = sh("exit 42", Map.of())) {
            assertThat(child.await(SOON)).isEqualTo(42);
            assertThat(child.await(SOON)).isEqualTo(42);
        }
    }

    @Test
    void aSignalIsReportedAs128AndItsNumber() throws Exception {
        try (Spawned child = Spawn.start(List.of("sleep", "100"), PATH, null, Map.of(), false)) {
            child.signal(PidFd.SIGTERM);
            assertThat(child.await(SOON)).isEqualTo(143);
            child.signal(PidFd.SIGTERM);
        }
    }

    @Test
    void aGroupIsKilledWithItsLeader() throws Exception {
        try (Io.Pipe pipe = Io.pipe()) {
            Map<Integer, Integer> streams = Map.of(1, pipe.writer().number());
            List<String> line = List.of("sh", "-c", "sleep 1000 & echo started; wait");
            try (Spawned child = Spawn.start(line, PATH, null, streams, true)) {
                pipe.writer().close();
                InputStream out = Io.inputStream(pipe.reader(), Poller.shared());
                assertThat(new String(out.readNBytes(8), StandardCharsets.UTF_8))
                        .isEqualTo("started\n");
                child.killGroup();
                assertThat(child.await(SOON)).isEqualTo(137);
                assertThat(out.read()).as("nobody has the pipe any more").isEqualTo(-1);
                child.killGroup();
            }
        }
    }

    @Test
    void aProgramThatIsNotThereIsSaidToBeSo() {
        assertThatThrownBy(() -> Spawn.start(List.of("/no/such/program"), PATH, null, Map.of(), false))
                .isInstanceOfSatisfying(LinuxException.class, e -> {
                    assertThat(e.errno()).isEqualTo(Errno.ENOENT);
                    assertThat(e.code()).isEqualTo(HakoException.Code.NOT_FOUND);
                })
                .hasMessage("execute /no/such/program: No such file or directory (ENOENT)");
    }

    @Test
    void descriptorsKeepTheirMeaningWhenSourcesAndTargetsCross() throws Exception {
        Io.Pipe a = Io.pipe();
        Io.Pipe b = Io.pipe();
        int first = a.writer().number();
        int second = b.writer().number();
        // The child's "first" is our "second" and the other way round, and both are stdout and stderr as well.
        Map<Integer, Integer> crossed = Map.of(1, first, 2, second, first, second, second, first);
        String script = "echo out; echo err >&2; echo x >&" + first + "; echo y >&" + second;
        try (Spawned child = Spawn.start(List.of("bash", "-c", script), PATH, null, crossed, false)) {
            a.writer().close();
            b.writer().close();
            assertThat(text(a.reader())).isEqualTo("out\ny\n");
            assertThat(text(b.reader())).isEqualTo("err\nx\n");
            assertThat(child.await(SOON)).isZero();
        }
    }

    @Test
    void theChildHasNothingElseOpen() throws Exception {
        try (Io.Pipe other = Io.pipe()) {
            assertThat(other.reader().isOpen()).isTrue();
            assertThat(output("ls /proc/self/fd | tr '\\n' ' '", false)).isEqualTo("0 1 2 3 ");
        }
    }

    @Test
    void aSessionOfItsOwnAndTheWorkingDirectory() throws Exception {
        assertThat(output("cut -d' ' -f6 /proc/$$/stat; echo $$; pwd", true).split("\n"))
                .satisfies(lines -> assertThat(lines[0]).isEqualTo(lines[1]))
                .satisfies(
                        lines -> assertThat(lines[2]).isEqualTo(dir.toRealPath().toString()));
    }

    @Test
    void noSignalIsBlockedOrIgnored() throws Exception {
        assertThat(output("grep -E 'SigBlk|SigIgn' /proc/self/status", false))
                .isEqualTo("SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
    }

    @Test
    void aProcessIsRecognisedByPidAndStartTime() throws Exception {
        try (Spawned child = Spawn.start(List.of("sleep", "100"), PATH, null, Map.of(), false)) {
            ProcessIdentity identity = child.identity().orElseThrow();
            assertThat(identity.isAlive()).isTrue();
            assertThat(identity.pss()).isPositive();
            assertThat(new ProcessIdentity(child.pid(), identity.startTime() - 1).isAlive())
                    .isFalse();
            try (Fd again = identity.open().orElseThrow()) {
                assertThat(PidFd.hasEnded(again)).isFalse();
                child.signal(PidFd.SIGKILL);
                Poller.shared().awaitReadable(again, SOON);
            }
            assertThat(identity.isAlive()).as("a zombie is not alive").isFalse();
            assertThat(identity.open()).isEmpty();
            assertThat(child.await(SOON)).isEqualTo(137);
            assertThat(ProcessIdentity.of(child.pid())).isEmpty();
        }
    }

    private String output(String script, boolean setsid) throws Exception {
        Io.Pipe pipe = Io.pipe();
        try (Spawned child = Spawn.start(
                List.of("sh", "-c", script), PATH, dir, Map.of(1, pipe.writer().number()), setsid)) {
            pipe.writer().close();
            String text = text(pipe.reader());
            assertThat(child.await(SOON)).isZero();
            return text;
        }
    }

    private Spawned sh(String script, Map<Integer, Integer> descriptors) {
        return Spawn.start(List.of("sh", "-c", script), PATH, null, descriptors, false);
    }

    private static String text(Fd reader) throws Exception {
        try (InputStream in = Io.inputStream(reader, Poller.shared())) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
