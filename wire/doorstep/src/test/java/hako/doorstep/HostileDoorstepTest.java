package hako.doorstep;

import static org.assertj.core.api.Assertions.assertThat;

import hako.base.HakoException;
import hako.linux.Fd;
import hako.linux.Io;
import hako.linux.Poller;
import hako.linux.UnixSocket;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Peers that talk nonsense, too much, too slowly, or vanish: the daemon goes on and keeps nothing of theirs. */
@Timeout(30)
class HostileDoorstepTest {
    private static final Duration GREETING = Duration.ofMillis(300);
    private static final byte[] HELLO = Frames.hello("", List.of("hako", "ps"), List.of("A=1"));

    @TempDir
    Path directory;

    private final AtomicInteger gone = new AtomicInteger();
    private Path socket;
    private DoorstepServer server;
    private long before;

    @BeforeEach
    void serve() throws Exception {
        socket = directory.resolve("hakod.sock");
        server = new DoorstepServer(socket, Poller.shared(), this::door, GREETING);
        assertServes(); // whatever is made once is made before descriptors are counted
        before = descriptors();
    }

    @AfterEach
    void stillServesAndHasKeptNothing() throws Exception {
        assertServes();
        for (int i = 0; descriptors() > before && i < 500; i++) {
            Thread.sleep(10);
        }
        assertThat(descriptors()).isLessThanOrEqualTo(before);
        server.close();
    }

    /** Waits for the caller to go where it says so. */
    private void door(Caller caller) {
        if (caller.arguments().contains("wait")) {
            CountDownLatch latch = new CountDownLatch(1);
            caller.onGone(latch::countDown);
            try {
                if (latch.await(10, TimeUnit.SECONDS)) {
                    gone.incrementAndGet();
                }
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }
        caller.exit(0);
    }

    private void assertServes() throws InterruptedException {
        try (FakeDoorstep honest = new FakeDoorstep(socket)) {
            assertThat(honest.call("hako").orders().getLast().code()).isZero();
        }
    }

    private static long descriptors() throws IOException {
        try (Stream<Path> list = Files.list(Path.of("/proc/self/fd"))) {
            return list.count();
        }
    }

    private FakeDoorstep doorstep() {
        return new FakeDoorstep(socket);
    }

    private void awaitGone(int count) throws InterruptedException {
        for (int i = 0; gone.get() < count && i < 500; i++) {
            Thread.sleep(10);
        }
        assertThat(gone).hasValue(count);
    }

    @Test
    void garbageInThePlaceOfHello() throws Exception {
        Random random = new Random(7);
        for (int i = 0; i < 50; i++) {
            byte[] garbage = new byte[1 + random.nextInt(200)];
            random.nextBytes(garbage);
            try (FakeDoorstep doorstep = doorstep()) {
                UnixSocket.send(doorstep.socket, ByteBuffer.wrap(garbage), doorstep.descriptors());
                UnixSocket.shutdownOutput(doorstep.socket);
                assertThat(doorstep.orders()).noneMatch(order -> order.type() == Frame.ACK);
            }
        }
    }

    @Test
    void whoSpeaksAnotherVersionIsToldSo() throws Exception {
        try (FakeDoorstep doorstep = doorstep()) {
            doorstep.hello(Frames.frame(1, Frames.helloPayload(9, "", List.of("hako"), List.of())));
            assertThat(doorstep.orders().getLast().code()).isEqualTo(125);
            assertThat(doorstep.read(doorstep.errors))
                    .isEqualTo("hako: this program speaks door-step version 9 and the running hakod version 2:"
                            + " restart hakod\n");
        }
    }

    @Test
    void whoIsRefusedAndDoesNotReadWhyIsLeft() throws Exception {
        try (FakeDoorstep doorstep = doorstep()) {
            fill(doorstep.errors.writer());
            doorstep.hello(Frames.frame(1, new byte[20]));
            assertThat(doorstep.orders().getLast().code()).isEqualTo(125);
        }
    }

    private static void fill(Fd pipe) {
        while (true) {
            try {
                Poller.shared().awaitWritable(pipe, Duration.ofMillis(50));
                Io.write(pipe, new byte[4096], 0, 4096);
            } catch (HakoException e) {
                return;
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    @Test
    void helloThatPromisesTooMuch() throws Exception {
        try (FakeDoorstep doorstep = doorstep()) {
            doorstep.hello(new byte[] {1, 0, 16, 0, 1});
            assertThat(doorstep.order()).isEqualTo(FakeDoorstep.Order.END);
        }
    }

    @Test
    void helloThatIsNeverFinished() throws Exception {
        try (FakeDoorstep doorstep = doorstep()) {
            doorstep.hello(Arrays.copyOf(HELLO, HELLO.length - 1));
            assertThat(doorstep.order()).isEqualTo(FakeDoorstep.Order.END);
        }
    }

    @Test
    void silenceAndDribblingAreCutOff() throws Exception {
        try (FakeDoorstep silent = doorstep();
                FakeDoorstep dribbling = doorstep()) {
            Thread.startVirtualThread(() -> {
                try {
                    for (byte b : HELLO) {
                        dribbling.send(b);
                        Thread.sleep(20);
                    }
                } catch (InterruptedException | HakoException e) {
                    // cut off, as it should be
                }
            });
            assertThat(silent.order()).isEqualTo(FakeDoorstep.Order.END);
            assertThat(dribbling.order()).isEqualTo(FakeDoorstep.Order.END);
        }
    }

    @Test
    void vanishingAtEachByteOfHello() throws Exception {
        for (int length = 1; length < HELLO.length; length++) {
            try (FakeDoorstep doorstep = doorstep()) {
                doorstep.hello(Arrays.copyOf(HELLO, length));
            }
        }
        doorstep().close();
    }

    @Test
    void vanishingAfterHello() throws Exception {
        for (int i = 0; i < 20; i++) {
            try (FakeDoorstep doorstep = doorstep()) {
                doorstep.call("hako", "wait");
            }
        }
        awaitGone(20);
    }

    @Test
    void tooFewDescriptors() throws Exception {
        try (FakeDoorstep doorstep = doorstep()) {
            UnixSocket.send(
                    doorstep.socket,
                    ByteBuffer.wrap(HELLO),
                    doorstep.descriptors().subList(0, 4));
            assertThat(doorstep.order()).isEqualTo(FakeDoorstep.Order.END);
        }
    }

    @Test
    void tooManyDescriptors() throws Exception {
        try (FakeDoorstep doorstep = doorstep()) {
            Fd more = doorstep.input.writer();
            List<Fd> six = Stream.concat(doorstep.descriptors().stream(), Stream.of(more))
                    .toList();
            UnixSocket.send(doorstep.socket, ByteBuffer.wrap(HELLO), six);
            assertThat(doorstep.order()).isEqualTo(FakeDoorstep.Order.END);
        }
    }

    @Test
    void descriptorsAfterHello() throws Exception {
        try (FakeDoorstep doorstep = doorstep()) {
            doorstep.call("hako", "wait");
            doorstep.order();
            UnixSocket.send(doorstep.socket, ByteBuffer.wrap(Frames.signal(15)), doorstep.descriptors());
            awaitGone(1);
        }
    }

    @Test
    void nonsenseAfterHello() throws Exception {
        byte[][] nonsense = {
            HELLO,
            Frames.frame(99, new byte[0]),
            Frames.signal(0),
            Frames.signal(4711),
            Frames.frame(2, new byte[3]),
            Frames.frame(3, new byte[5]),
            Frames.frame(4, new byte[3]),
            Frames.frame(5, new byte[7]),
            Frames.input(4711, "never asked for"),
            Frames.frame(5, new byte[(32 << 10) + 9]),
            "HTTP/1.1 400 Bad Request\r\n\r\n".getBytes(StandardCharsets.US_ASCII),
        };
        for (byte[] bytes : nonsense) {
            try (FakeDoorstep doorstep = doorstep()) {
                doorstep.call("hako", "wait");
                doorstep.send(bytes);
                assertThat(doorstep.orders()).hasSize(1);
            }
        }
        awaitGone(nonsense.length);
    }

    @Test
    void aFloodOfSignalsNobodyTakes() throws Exception {
        try (FakeDoorstep doorstep = doorstep()) {
            doorstep.call("hako", "wait");
            for (int i = 0; i < 20_000; i++) {
                doorstep.send(Frames.signal(1 + i % 64));
            }
        }
        awaitGone(1);
    }
}
