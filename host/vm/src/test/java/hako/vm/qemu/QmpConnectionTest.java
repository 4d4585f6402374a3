package hako.vm.qemu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import hako.base.HakoException;
import hako.linux.UnixSocket;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The monitor against a QEMU that is played by hand. */
@Timeout(20)
class QmpConnectionTest {
    private static final Duration SOON = Duration.ofSeconds(5);

    private FakeQmp qemu;
    private QmpConnection qmp;
    private final BlockingQueue<QmpMessage.Event> events = new LinkedBlockingQueue<>();

    @BeforeEach
    void connect() {
        UnixSocket.Pair pair = UnixSocket.pair();
        qemu = new FakeQmp(pair.left());
        qmp = QmpConnection.over(pair.right(), "qmp", events::add, reason -> reason);
    }

    @AfterEach
    void close() throws IOException {
        qmp.close();
        qemu.close();
    }

    @Test
    void capabilitiesAreNegotiatedBeforeTheGreetingIsAwaited() throws IOException {
        assertThat(qemu.receive()).contains("\"qmp_capabilities\"");

        qemu.greet();

        assertThat(qmp.version(SOON)).isEqualTo("7.2.22");
    }

    @Test
    void aCommandReturnsWhatQemuReturned() {
        qemu.serve((command, id) ->
                "{\"return\": {\"status\": \"running\", \"running\": true}, \"id\": \"%s\"}".formatted(id));

        assertThat(qmp.execute("query-status", SOON)).isEqualTo(Map.of("status", "running", "running", true));
    }

    @Test
    void aRefusalIsAnExceptionWithQemusWords() {
        qemu.serve((command, id) ->
                "{\"id\": \"%s\", \"error\": {\"class\": \"DeviceNotFound\", \"desc\": \"Device 'x' not found\"}}"
                        .formatted(id));

        QmpException e =
                catchThrowableOfType(QmpException.class, () -> qmp.execute("device_del", Map.of("id", "x"), SOON));

        assertThat(e).hasMessage("qmp: device_del: Device 'x' not found");
        assertThat(e.errorClass()).isEqualTo("DeviceNotFound");
    }

    @Test
    void aStormOfEventsIsTakenAtABoundedRate() throws Exception {
        qemu.serve((command, id) -> "{\"return\": {}, \"id\": \"%s\"}".formatted(id));
        qmp.version(SOON);
        String event = "{\"event\": \"ACPI_DEVICE_OST\", \"data\": {}}\r\n";
        long began = System.nanoTime();

        qemu.send(event.repeat(QmpConnection.MOST_EVENTS * 5 / 2));
        qmp.execute("stop", SOON);

        assertThat(events).hasSize(QmpConnection.MOST_EVENTS * 5 / 2);
        assertThat(Duration.ofNanos(System.nanoTime() - began)).isGreaterThan(Duration.ofSeconds(1));
    }

    @Test
    void aListenerThatFailsEndsTheConnectionWithTheReason() throws Exception {
        UnixSocket.Pair pair = UnixSocket.pair();
        try (FakeQmp other = new FakeQmp(pair.left())) {
            QmpConnection failing = QmpConnection.over(
                    pair.right(),
                    "qmp",
                    _ -> {
                        throw new IllegalStateException("unforeseen");
                    },
                    reason -> reason);
            other.greet();
            other.send("{\"event\": \"STOP\"}\r\n");

            assertThatThrownBy(() -> failing.execute("stop", SOON)).hasMessageContaining("unforeseen");
        }
    }

    @Test
    void commandsOfManyThreadsFindTheirAnswers() throws Exception {
        qemu.serve((command, id) -> "{\"return\": \"%s\", \"id\": \"%s\"}".formatted(command, id));
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<Object>> answers = new ArrayList<>();
            for (int i = 0; i < 60; i++) {
                String command = "command-" + i;
                answers.add(threads.submit(() -> qmp.execute(command, SOON)));
            }
            for (int i = 0; i < 60; i++) {
                assertThat(answers.get(i).get()).isEqualTo("command-" + i);
            }
        }
    }

    @Test
    void eventsComeBetweenAnswers() throws Exception {
        qemu.serve((command, id) -> """
                {"event": "SHUTDOWN", "data": {"guest": true, "reason": "guest-reset"}, "timestamp": {"seconds": 1, "microseconds": 2}}
                {"return": {}, "id": "%s"}""".formatted(id));

        qmp.execute("query-status", SOON);

        QmpMessage.Event event = events.poll(5, TimeUnit.SECONDS);
        assertThat(event.name()).isEqualTo("SHUTDOWN");
        assertThat(event.text("reason")).isEqualTo("guest-reset");
        assertThat(event.text("nothing")).isEmpty();
    }

    @Test
    void descriptorsTravelWithTheirCommand() {
        qemu.serve((command, id) -> "{\"return\": {}, \"id\": \"%s\"}".formatted(id));
        try (UnixSocket.Pair passed = UnixSocket.pair()) {
            qmp.execute("getfd", Map.of("fdname", "tap"), List.of(passed.left()), SOON);
        }
        assertThat(qmp.execute("query-status", SOON)).isEqualTo(Map.of());
    }

    @Test
    void aQemuThatIsSilentMeetsTheDeadlineAndItsLateAnswerIsNoOffence() throws IOException {
        qemu.receive();
        assertThatThrownBy(() -> qmp.execute("stop", Duration.ofMillis(50)))
                .hasMessage("qmp: stop: no answer within 50 ms");

        qemu.send("{\"return\": {}, \"id\": \"1\"}\n");

        qemu.greet();
        assertThat(qmp.version(SOON)).isEqualTo("7.2.22");
    }

    @Test
    void theEndEndsEveryWait() throws Exception {
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            Future<Object> waiting = threads.submit(() -> qmp.execute("stop", SOON));
            qemu.receive();
            qemu.receive();
            qemu.close();

            assertThatThrownBy(waiting::get).hasRootCauseMessage("qmp: connection lost: closed by QEMU");
        }
        assertThatThrownBy(() -> qmp.execute("stop", SOON)).hasMessageContaining("connection lost");
        assertThatThrownBy(() -> qmp.version(SOON)).hasMessageContaining("connection lost");
    }

    @Test
    void garbageFailsTheConnectionWithAReason() throws IOException {
        qemu.send("SSH-2.0-OpenSSH_9.2\r\n");

        assertThatThrownBy(() -> qmp.version(SOON))
                .hasMessageContaining("qmp: connection lost: a line that is no JSON object");
    }

    @Test
    void anAnswerToNothingFailsTheConnection() throws IOException {
        qemu.send("{\"return\": {}, \"id\": \"99\"}\n");

        assertThatThrownBy(() -> qmp.version(SOON)).hasMessageContaining("an answer to a command that was not given");
    }

    @Test
    void aLineWithoutEndFailsTheConnection() throws IOException {
        String part = "x".repeat(1 << 16);
        assertThatThrownBy(() -> {
                    for (int i = 0; i < 100; i++) {
                        qemu.send(part);
                    }
                })
                .isInstanceOf(Exception.class);

        assertThatThrownBy(() -> qmp.version(SOON)).hasMessageContaining("a line of more than 32768 bytes");
    }

    @Test
    void theLongestAnswerAskedForPasses() {
        String ring = "A".repeat((16 << 10) * 4 / 3 + 4);
        qemu.serve((command, id) -> "{\"return\": \"%s\", \"id\": \"%s\"}".formatted(ring, id));

        assertThat(qmp.execute("ringbuf-read", SOON)).isEqualTo(ring);
    }

    @Test
    void aLineOfEmptyObjectsIsBoundedBeforeItIsParsed() {
        try {
            qemu.send("{\"return\": [" + "{},".repeat(12_000) + "{}], \"id\": \"1\"}\n");
        } catch (IOException e) {
            // refused before all of it was written
        }

        assertThatThrownBy(() -> qmp.version(SOON)).hasMessageContaining("a line of more than 32768 bytes");
    }

    @Test
    void deepNestingIsNoStackOverflow() throws IOException {
        qemu.send("{\"return\": " + "[".repeat(30_000) + "\n");

        assertThatThrownBy(() -> qmp.version(SOON)).isInstanceOf(HakoException.class);
    }

    @Test
    void randomLinesAreAlwaysAMessageOrAnIoException() {
        Random random = new Random(11);
        String[] pieces = {
            "{", "}", "\"return\"", ":", "\"id\"", "\"1\"", ",", "[", "]", "null", "\"event\"", "1e9", "\"", "\\u"
        };
        for (int i = 0; i < 20_000; i++) {
            StringBuilder line = new StringBuilder();
            for (int n = random.nextInt(12); n > 0; n--) {
                line.append(pieces[random.nextInt(pieces.length)]);
            }
            try {
                assertThat(QmpMessage.parse(line.toString().getBytes(StandardCharsets.UTF_8)))
                        .isNotNull();
            } catch (IOException expected) {
                assertThat(expected).hasMessageNotContaining("Exception in");
            }
        }
    }
}
