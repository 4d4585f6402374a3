package hako.door;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import hako.fakes.FakeCaller;
import hako.sandbox.ExitReport;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PipedInputStream;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 10, unit = TimeUnit.SECONDS)
class ForegroundTest {
    private final FakeCaller caller = new FakeCaller("run");
    private final FakeProcess process = new FakeProcess();
    private final List<String> complaints = new CopyOnWriteArrayList<>();

    /** A process the test ends. */
    private final class FakeProcess implements AttendedProcess {
        final CompletableFuture<ExitReport> exit = new CompletableFuture<>();
        final List<String> events = new CopyOnWriteArrayList<>();
        final CountDownLatch copying = new CountDownLatch(1);
        volatile String output = "";

        void ends(int code) {
            ends(code, "");
        }

        void ends(int code, String reason) {
            exit.complete(new ExitReport(code, Instant.EPOCH, false, reason));
        }

        @Override
        public void copy() throws IOException, InterruptedException {
            caller.write(1, output.getBytes(UTF_8), output.length());
            copying.countDown();
            exit();
        }

        @Override
        public void feed() throws IOException, InterruptedException {
            for (byte[] read = caller.read(0); read.length > 0; read = caller.read(0)) {
                events.add("input " + new String(read, UTF_8));
            }
        }

        @Override
        public void endInput() {
            events.add("input ends");
        }

        @Override
        public void signal(int number) {
            events.add("signal " + number);
        }

        @Override
        public void resize(int rows, int columns) {
            events.add("resize " + rows + "x" + columns);
        }

        @Override
        public ExitReport exit() throws InterruptedException {
            try {
                return exit.get();
            } catch (java.util.concurrent.ExecutionException e) {
                throw new IllegalStateException(e);
            }
        }

        @Override
        public void abandon() {
            events.add("abandon");
        }

        @Override
        public void close() {}
    }

    /** Runs in a thread of its own, as calls do. */
    private CompletableFuture<Integer> run(boolean interactive, boolean terminal) {
        return CompletableFuture.supplyAsync(() -> {
            CallSignals signals = new CallSignals(caller);
            Foreground foreground = new Foreground(caller, process, interactive, terminal);
            try {
                signals.handTo(foreground);
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
            return foreground.run(complaints::add);
        });
    }

    private void awaitEvent(String event) throws InterruptedException {
        while (!process.events.contains(event)) {
            Thread.sleep(2);
        }
    }

    @Test
    void theProcessesExitCodeIsTheCallers() {
        process.output = "hello\n";
        process.ends(42);
        assertThat(run(false, false).join()).isEqualTo(42);
        assertThat(caller.output()).isEqualTo("hello\n");
        assertThat(complaints).isEmpty();
    }

    @Test
    void aProcessThatWasLostSaysWhy() {
        process.ends(137, "the VMM was killed");
        assertThat(run(false, false).join()).isEqualTo(137);
        assertThat(complaints).containsExactly("the VMM was killed");
    }

    @Test
    void inputIsPassedOnOnlyWhenAskedFor() throws Exception {
        caller.stdin = new ByteArrayInputStream("data".getBytes(UTF_8));
        CompletableFuture<Integer> running = run(true, false);
        awaitEvent("input data");
        process.ends(0);
        assertThat(running.join()).isZero();

        FakeProcess other = process;
        assertThat(other.events).containsExactly("input data");
    }

    @Test
    void signalsAndSizesArriveInOrder() throws Exception {
        caller.rows = 24;
        caller.columns = 80;
        CompletableFuture<Integer> running = run(false, true);
        process.copying.await();
        caller.signal(Signals.SIGTERM);
        caller.resize(50, 132);
        caller.signal(10);
        awaitEvent("signal 10");
        process.ends(0);
        running.join();
        assertThat(process.events).containsExactly("resize 24x80", "signal 15", "resize 50x132", "signal 10");
    }

    @Test
    void theCallersTerminalIsRawOnlyWhileItsInputIsTheProcesss() {
        caller.terminal = true;
        process.ends(0);
        run(false, true).join();
        assertThat(caller.raws).isEmpty();
        run(true, true).join();
        assertThat(caller.raws).containsExactly(true);
    }

    @Test
    void aCallerThatIsKilledAbandonsTheProcessAndItsInputEnds() throws Exception {
        caller.stdin = new PipedInputStream(new java.io.PipedOutputStream());
        CompletableFuture<Integer> running = run(true, false);
        process.copying.await();
        caller.die();
        assertThat(running.join()).isEqualTo(137);
        assertThat(process.events).containsExactly("abandon", "input ends");
    }

    @Test
    void aCallerThatDoesNotReadAnyMoreAbandonsTheProcess() {
        caller.stdout = new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                throw new IOException("Broken pipe");
            }
        };
        process.output = "x";
        assertThat(run(false, false).join()).isEqualTo(141);
        assertThat(process.events).containsExactly("abandon");
    }
}
