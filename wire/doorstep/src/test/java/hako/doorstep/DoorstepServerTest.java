package hako.doorstep;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import hako.linux.Io;
import hako.linux.Poller;
import hako.linux.PseudoTerminal;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Calls as they should be. See {@link HostileDoorstepTest} for the others. */
@Timeout(30)
class DoorstepServerTest {
    @TempDir
    Path directory;

    private final BlockingQueue<String> heard = new LinkedBlockingQueue<>();
    private @Nullable DoorstepServer server;

    private FakeDoorstep serve(Consumer<Caller> door) {
        server = new DoorstepServer(directory.resolve("hakod.sock"), Poller.shared(), door);
        return new FakeDoorstep(directory.resolve("hakod.sock"));
    }

    @AfterEach
    void close() {
        if (server != null) {
            server.close();
        }
    }

    private static void write(Caller caller, String text) {
        try {
            caller.stdout().write(text.getBytes(UTF_8));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Parks a call until the test has seen enough of it. */
    private static void await(CountDownLatch latch) {
        try {
            assertThat(latch.await(10, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void aCallIsServedFromHelloToExit() throws Exception {
        try (FakeDoorstep doorstep = serve(caller -> {
            heard.add(caller.arguments() + " " + caller.environment() + caller.rows() + "x" + caller.columns());
            write(caller, "answer");
            caller.exit(42);
        })) {
            doorstep.call("hako", "ps");

            assertThat(doorstep.order().type()).isEqualTo(Frame.ACK);
            FakeDoorstep.Order exit = doorstep.order();
            assertThat(exit.type()).isEqualTo(Frame.EXIT);
            assertThat(exit.code()).isEqualTo(42);
            assertThat(doorstep.order()).isEqualTo(FakeDoorstep.Order.END);
            assertThat(doorstep.read(doorstep.output)).isEqualTo("answer");
            assertThat(heard.take()).isEqualTo("[hako, ps] {A=1}24x80");
        }
    }

    @Test
    void aCallerIsWhatTheKernelAndItsDescriptorsSay() throws Exception {
        try (FakeDoorstep doorstep = serve(caller -> {
            heard.add(Thread.currentThread().getName());
            heard.add(caller.pid() + " " + caller.sharesFiles() + " " + caller.stdinIsTerminal()
                    + caller.stdoutIsTerminal() + caller.stderrIsTerminal());
            heard.add(caller.path("x").toString());
            caller.exit(0);
        })) {
            doorstep.call("hako").orders();

            long pid = ProcessHandle.current().pid();
            assertThat(heard)
                    .containsExactly(
                            "call-" + pid,
                            pid + " true truefalsetrue",
                            Path.of("").toRealPath().resolve("x").toString());
        }
    }

    @Test
    void theCallerWritesAndReadsWhatItsStreamsCarry() throws Exception {
        try (FakeDoorstep doorstep = serve(caller -> {
            try {
                caller.write(2, "answer".getBytes(UTF_8), 99);
                heard.add("written");
                heard.add(new String(caller.read(caller.unread()), UTF_8) + caller.written());
                caller.write(1, new byte[1], 100);
            } catch (IOException | InterruptedException e) {
                heard.add(String.valueOf(e.getMessage()));
            }
            caller.exit(0);
        })) {
            doorstep.call("hako").order();

            assertThat(doorstep.order())
                    .isEqualTo(new FakeDoorstep.Order(20, "\2\143\0\0\0\0\0\0\0answer".getBytes(UTF_8)));
            assertThat(heard).isEmpty();
            doorstep.send(Frames.written(0));
            assertThat(heard.take()).isEqualTo("written");
            assertThat(doorstep.order()).isEqualTo(new FakeDoorstep.Order(21, "\26\0\0\0\0\0\0\0".getBytes(UTF_8)));
            doorstep.send(Frames.input(Frames.INPUT, "question "));
            assertThat(heard.take()).isEqualTo("question " + Frames.WRITTEN);
            assertThat(doorstep.order().type()).isEqualTo(20);
            doorstep.send(Frames.written(32));
            assertThat(heard.take()).isEqualTo("write to the caller: Broken pipe");
        }
    }

    @Test
    void aCallerThatVanishesEndsTheWaitForItsStreams() throws Exception {
        try (FakeDoorstep doorstep = serve(caller -> {
            try {
                caller.read(0);
            } catch (IOException | InterruptedException e) {
                heard.add(String.valueOf(e.getMessage()));
            }
        })) {
            doorstep.call("hako").order();
            assertThat(doorstep.order().type()).isEqualTo(21);
            doorstep.socket.close();

            assertThat(heard.take()).isEqualTo("the caller is gone");
        }
    }

    @Test
    void standardInputIsRead() throws Exception {
        try (FakeDoorstep doorstep = serve(caller -> {
            try {
                heard.add(new String(caller.stdin().readAllBytes(), UTF_8));
            } catch (IOException e) {
                heard.add(e.toString());
            }
            caller.exit(0);
        })) {
            doorstep.call("hako");
            Io.writeFully(doorstep.input.writer(), "typed".getBytes(UTF_8));
            doorstep.input.writer().close();
            assertThat(doorstep.orders()).hasSize(2);
            assertThat(heard.take()).isEqualTo("typed");
        }
    }

    @Test
    void signalsAndSizesArriveAlsoFromBeforeAnybodyListened() throws Exception {
        CountDownLatch sent = new CountDownLatch(1);
        CountDownLatch seen = new CountDownLatch(1);
        try (FakeDoorstep doorstep = serve(caller -> {
            await(sent);
            while (caller.rows() != 50) {
                Thread.onSpinWait();
            }
            caller.onSignal(number -> heard.add("signal " + number));
            caller.onResize((rows, columns) -> heard.add(rows + "x" + columns + " of " + caller.columns()));
            await(seen);
            caller.exit(0);
        })) {
            doorstep.call("hako");
            doorstep.send(Frames.signal(2));
            doorstep.send(Frames.signal(15));
            doorstep.send(Frames.winch(50, 200));
            sent.countDown();
            assertThat(heard.take()).isEqualTo("signal 2");
            assertThat(heard.take()).isEqualTo("signal 15");
            assertThat(heard.take()).isEqualTo("50x200 of 200");
            doorstep.send(Frames.signal(10));
            assertThat(heard.take()).isEqualTo("signal 10");
            seen.countDown();
        }
    }

    @Test
    void tokenAndRawModeReachTheDoorstep() throws Exception {
        try (FakeDoorstep doorstep = serve(caller -> {
            heard.add(caller.token());
            caller.keep("run-7f3a");
            caller.raw(true);
            caller.raw(false);
            caller.exit(0);
        })) {
            doorstep.hello(Frames.hello("old", List.of("hako"), List.of()));
            List<FakeDoorstep.Order> orders = doorstep.orders();
            assertThat(orders)
                    .extracting(FakeDoorstep.Order::type)
                    .containsExactly(
                            (int) Frame.ACK, (int) Frame.TOKEN, (int) Frame.RAW, (int) Frame.RAW, (int) Frame.EXIT);
            assertThat(new String(orders.get(1).payload(), 4, 8, UTF_8)).isEqualTo("run-7f3a");
            assertThat(heard.take()).isEqualTo("old");
        }
    }

    @Test
    void aCallerThatIsKilledIsGone() throws Exception {
        CountDownLatch ended = new CountDownLatch(1);
        FakeDoorstep doorstep = serve(caller -> {
            caller.onGone(() -> {
                heard.add("gone");
                ended.countDown();
            });
            await(ended);
            caller.raw(true);
            caller.exit(1);
        });
        doorstep.call("hako");
        doorstep.order();
        doorstep.close();
        assertThat(heard.take()).isEqualTo("gone");
    }

    @Test
    void theOrderToStayComesWithItsNetworkItsTerminalAndWhatItShows() throws Exception {
        View.Bind volume = new View.Bind(Path.of("/s"), "/d", false);
        try (PseudoTerminal terminal = PseudoTerminal.open();
                FakeDoorstep doorstep = serve(caller -> {
                    caller.stay("kept", List.of(), "", null, null);
                    caller.stay("kept", List.of(), null, null, terminal.terminal());
                    caller.stay("kept", List.of("a", "b"), "/n", new View(Path.of("/r"), true, List.of(volume)), null);
                    caller.exit(0);
                })) {
            doorstep.call("hako-runtime");
            List<FakeDoorstep.Order> orders = doorstep.orders();
            assertThat(orders.get(1).payload()).containsExactly(1, 4, 0, 0, 0, 'k', 'e', 'p', 't', 0, 0, 0, 0);
            assertThat(orders.get(2).payload()).containsExactly(2, 4, 0, 0, 0, 'k', 'e', 'p', 't');
            assertThat(orders.get(2).type()).isEqualTo(22);
            assertThat(orders.get(3).payload())
                    .containsExactly(
                            29, 4, 0, 0, 0, 'k', 'e', 'p', 't', 2, 0, 0, 0, '/', 'n', 4, 0, 0, 0, 'a', 0, 'b', 0, 2, 0,
                            0, 0, '/', 'r', 0, 2, 0, 0, 0, '/', 's', 2, 0, 0, 0, '/', 'd');
            assertThat(doorstep.beside)
                    .singleElement()
                    .satisfies(fd -> assertThat(fd.path().toRealPath())
                            .isEqualTo(terminal.terminal().path().toRealPath()));
        }
    }

    @Test
    void anEndedCallIsNotGone() throws Exception {
        try (FakeDoorstep doorstep = serve(caller -> {
            caller.onGone(() -> heard.add("gone"));
            caller.exit(0);
            caller.exit(1);
        })) {
            assertThat(doorstep.call("hako").orders().getLast().code()).isZero();
        }
        Thread.sleep(50);
        assertThat(heard).isEmpty();
    }

    @Test
    void aCallNobodyEndsFails() throws Exception {
        try (FakeDoorstep doorstep = serve(caller -> {})) {
            assertThat(doorstep.call("hako").orders().getLast().code()).isEqualTo(125);
        }
    }

    @Test
    void aDoorThatThrowsFailsItsCallOnly() throws Exception {
        try (FakeDoorstep doorstep = serve(caller -> {
            if (caller.arguments().contains("throw")) {
                throw new IllegalStateException("of this test");
            }
            caller.exit(0);
        })) {
            assertThat(doorstep.call("hako", "throw").orders().getLast().code()).isEqualTo(125);
            try (FakeDoorstep next = new FakeDoorstep(directory.resolve("hakod.sock"))) {
                assertThat(next.call("hako").orders().getLast().code()).isZero();
            }
        }
    }

    @Test
    void callsAreServedAtOnce() throws Exception {
        int count = 50;
        CountDownLatch all = new CountDownLatch(count);
        List<FakeDoorstep> doorsteps = new ArrayList<>(List.of(serve(caller -> {
            all.countDown();
            await(all);
            caller.exit(caller.arguments().size());
        })));
        for (int i = 1; i < count; i++) {
            doorsteps.add(new FakeDoorstep(directory.resolve("hakod.sock")));
        }
        for (FakeDoorstep doorstep : doorsteps) {
            doorstep.call("hako", "wait");
        }
        for (FakeDoorstep doorstep : doorsteps) {
            assertThat(doorstep.orders().getLast().code()).isEqualTo(2);
            doorstep.close();
        }
    }

    @Test
    void closingBreaksOffWithoutEndingTheCaller() throws Exception {
        CountDownLatch ended = new CountDownLatch(1);
        try (FakeDoorstep doorstep = serve(caller -> {
            caller.onGone(() -> heard.add("gone"));
            caller.keep("t");
            await(ended);
            caller.exit(0);
        })) {
            doorstep.call("hako");
            doorstep.order();
            assertThat(doorstep.order().type()).isEqualTo(Frame.TOKEN);

            server.close();

            assertThat(doorstep.order()).isEqualTo(FakeDoorstep.Order.END);
            ended.countDown();
            assertThat(heard).isEmpty();
        }
    }

    @Test
    void onlyOwnerAndGroupMayCall() throws Exception {
        serve(caller -> {}).close();
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(directory.resolve("hakod.sock"))))
                .isEqualTo("rw-rw----");
    }
}
