package hako.ttrpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.protobuf.ByteString;
import com.google.protobuf.BytesValue;
import com.google.protobuf.Empty;
import com.google.protobuf.StringValue;
import hako.base.HakoException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The client against a served peer, and against one that is played by hand and means no good. */
@Timeout(20)
class TtrpcClientTest {
    private static final Duration SOON = Duration.ofSeconds(5);

    private Pair pair;
    private TtrpcClient client;

    @BeforeEach
    void connect() throws IOException {
        pair = Pair.open();
        client = TtrpcClient.over(pair.ours(), "test");
    }

    @AfterEach
    void disconnect() throws IOException {
        client.close();
        pair.close();
    }

    @Test
    void aCallReturnsItsAnswer() {
        serve();

        assertThat(echo("hello")).isEqualTo("hello");
    }

    @Test
    void aFailureArrivesWithItsStatusKindAndMessage() {
        serve();

        TtrpcException e = catchThrowableOfType(
                TtrpcException.class, () -> client.call("test.Echo", "Refuse", text("web"), Empty.parser(), SOON));

        assertThat(e).hasMessage("delete \"web\": no such container");
        assertThat(e.status()).isEqualTo(StatusCode.NOT_FOUND.number());
        assertThat(e.code()).isEqualTo(HakoException.Code.NOT_FOUND);
    }

    @Test
    void anUnknownMethodIsUnimplemented() {
        serve();

        assertThatThrownBy(() -> client.call("test.Echo", "Nothing", text(""), Empty.parser(), SOON))
                .hasMessage("method Nothing");
    }

    @Test
    void manyThreadsShareOneConnection() throws Exception {
        serve();
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<String>> answers = new ArrayList<>();
            for (int i = 0; i < 500; i++) {
                String word = "word-" + i;
                answers.add(threads.submit(() -> echo(word)));
            }

            for (int i = 0; i < 500; i++) {
                assertThat(answers.get(i).get()).isEqualTo("word-" + i);
            }
        }
    }

    @Test
    void startedCallsArriveInTheOrderTheyWereStarted() throws IOException {
        List<TtrpcCall<StringValue>> calls = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            calls.add(client.start("test.Echo", "Echo", text("" + i), StringValue.parser()));
        }

        FrameReader reader = new FrameReader(pair.theirs(), Frame.MAX_PAYLOAD_BYTES);
        for (int i = 0; i < 20; i++) {
            Frame frame = reader.next();
            assertThat(frame.streamId()).isEqualTo(2 * i + 1);
            pair.send(Frame.response(
                    frame.streamId(),
                    Response.of(Request.decode(frame.payload()).payload()).encode()));
        }
        for (int i = 0; i < 20; i++) {
            assertThat(calls.get(i).await(SOON).getValue()).isEqualTo("" + i);
        }
    }

    @Test
    void theLargestMessagePassesAndOneByteMoreIsRefusedHere() {
        serve();
        ByteString large = ByteString.copyFrom(new byte[Frame.MAX_PAYLOAD_BYTES - 100]);

        BytesValue answer = client.call("test.Echo", "EchoBytes", BytesValue.of(large), BytesValue.parser(), SOON);
        assertThat(answer.getValue()).isEqualTo(large);

        ByteString tooLarge = ByteString.copyFrom(new byte[Frame.MAX_PAYLOAD_BYTES]);
        assertThatThrownBy(
                        () -> client.call("test.Echo", "EchoBytes", BytesValue.of(tooLarge), BytesValue.parser(), SOON))
                .hasMessageContaining("a ttrpc message has at most 4194304");
    }

    @Test
    void aSilentPeerMeetsTheDeadlineAndALateAnswerIsNoOffence() throws IOException {
        assertThatThrownBy(
                        () -> client.call("test.Echo", "Echo", text("x"), StringValue.parser(), Duration.ofMillis(50)))
                .hasMessage("call Echo of test: no answer within 50 ms");

        for (int i = 0; i < 2 * TtrpcClient.MAX_STRAYS; i++) {
            TtrpcCall<Empty> call = client.start("s", "m", Empty.getDefaultInstance(), Empty.parser());
            call.cancel();
        }
        for (int i = 1; i < 2 * TtrpcClient.MAX_STRAYS; i++) {
            pair.send(Frame.response(2 * i + 1, Response.of(ByteString.EMPTY).encode()));
        }
        assertThat(client.isOpen()).isTrue();
    }

    @Test
    void aPeerThatDoesNotReadMeetsTheDeadlineAndCostsBoundedMemory() {
        BytesValue large = BytesValue.of(ByteString.copyFrom(new byte[Frame.MAX_PAYLOAD_BYTES - 100]));
        for (int i = 0; i < 2; i++) {
            client.start("s", "m", large, Empty.parser());
        }

        assertThatThrownBy(() -> {
                    for (int i = 0; i < 3; i++) {
                        client.call("s", "m", large, Empty.parser(), Duration.ofMillis(100));
                    }
                })
                .isInstanceOf(TtrpcException.class)
                .hasMessageMatching("call m of test: (the peer has read nothing for|no answer within) 100 ms");
        assertThatThrownBy(() -> client.call("s", "m", large, Empty.parser(), Duration.ofMillis(100)))
                .isInstanceOf(TtrpcException.class);
    }

    @Test
    void anInterruptEndsTheWaitAndNotTheConnection() throws Exception {
        AtomicInteger status = new AtomicInteger(-1);
        Thread waiter = Thread.ofVirtual().start(() -> {
            try {
                client.call("test.Echo", "Echo", text("x"), StringValue.parser(), SOON);
            } catch (TtrpcException e) {
                status.set(e.status());
            }
        });
        pair.receive();

        waiter.interrupt();
        waiter.join();

        assertThat(status).hasValue(StatusCode.CANCELLED.number());
        assertThat(client.isOpen()).isTrue();
    }

    @Test
    void theEndOfTheConnectionEndsEveryWaitAndEveryLaterCall() throws IOException {
        TtrpcCall<Empty> waiting = client.start("s", "m", Empty.getDefaultInstance(), Empty.parser());
        pair.receive();

        pair.theirs().close();

        assertThatThrownBy(waiting::await).hasMessage("test: connection lost: closed by the peer");
        assertThatThrownBy(() -> client.call("s", "m", text(""), Empty.parser(), SOON))
                .hasMessageContaining("test: connection lost");
    }

    @Test
    void theLossIsExplainedByWhoKnowsBetter() throws IOException {
        try (Pair other = Pair.open()) {
            HakoException panicked = new HakoException(
                    HakoException.Kind.EXTERNAL, HakoException.Code.VM_FAILED, "VM 7f3a: the guest's kernel panicked");
            TtrpcClient explained = TtrpcClient.over(other.ours(), "test", 1000, reason -> panicked);
            TtrpcCall<Empty> waiting = explained.start("s", "m", Empty.getDefaultInstance(), Empty.parser());

            other.theirs().close();

            HakoException e = catchThrowableOfType(HakoException.class, waiting::await);
            assertThat(e).hasMessage("VM 7f3a: the guest's kernel panicked");
            assertThat(e.code()).isEqualTo(HakoException.Code.VM_FAILED);
        }
    }

    @Test
    void failGivesItsReasonToAllThatWaits() {
        TtrpcCall<Empty> waiting = client.start("s", "m", Empty.getDefaultInstance(), Empty.parser());

        client.fail(new HakoException(HakoException.Kind.EXTERNAL, HakoException.Code.VM_FAILED, "VM 7f3a: killed"));

        assertThatThrownBy(waiting::await).hasMessage("VM 7f3a: killed");
        assertThat(client.isOpen()).isFalse();
    }

    @Test
    void garbageFailsTheConnectionWithAReason() throws IOException {
        TtrpcCall<Empty> waiting = client.start("s", "m", Empty.getDefaultInstance(), Empty.parser());

        pair.send("HTTP/1.1 400 Bad Request\r\n\r\n".getBytes(StandardCharsets.US_ASCII));

        assertThatThrownBy(waiting::await)
                .hasMessageMatching("test: the peer broke the protocol: frame of 1213486160 bytes on stream .*");
    }

    @Test
    void aRequestFromThePeerFailsTheConnection() throws IOException {
        TtrpcCall<Empty> waiting = client.start("s", "m", Empty.getDefaultInstance(), Empty.parser());

        pair.send(Frame.request(1, ByteString.EMPTY));

        assertThatThrownBy(waiting::await).hasMessageContaining("where only responses may come");
    }

    @Test
    void aGarbledAnswerFailsTheConnection() throws IOException {
        TtrpcCall<Empty> waiting = client.start("s", "m", Empty.getDefaultInstance(), Empty.parser());

        pair.send(Frame.response(1, ByteString.copyFrom(new byte[] {0x0a, 0x7f, 1, 2})));

        assertThatThrownBy(waiting::await).hasMessageContaining("the answer is no ttrpc response");
        assertThatThrownBy(() -> client.call("s", "m", text(""), Empty.parser(), SOON))
                .hasMessageContaining("broke the protocol");
    }

    @Test
    void anAnswerLongerThanItsCallTakesFailsThatCallUnparsed() throws IOException {
        TtrpcCall<Empty> small = client.start("s", "Small", Empty.getDefaultInstance(), Empty.parser(), 100);
        TtrpcCall<Empty> large = client.start("s", "Large", Empty.getDefaultInstance(), Empty.parser(), 200);

        pair.send(Frame.response(1, ByteString.copyFrom(new byte[101]))); // nor would it parse
        pair.send(Frame.response(3, Response.of(ByteString.EMPTY).encode()));

        TtrpcException e = catchThrowableOfType(TtrpcException.class, () -> small.await(SOON));
        assertThat(e).hasMessage("call Small of test: the answer has 101 bytes; at most 100 are taken");
        assertThat(e.status()).isEqualTo(StatusCode.RESOURCE_EXHAUSTED.number());
        large.await(SOON);
    }

    @Test
    void answersNobodyAskedForAreIgnoredUpToABound() throws IOException {
        TtrpcCall<Empty> waiting = client.start("s", "m", Empty.getDefaultInstance(), Empty.parser());

        for (int i = 0; i <= TtrpcClient.MAX_STRAYS; i++) {
            assertThat(client.isOpen()).isTrue();
            pair.send(Frame.response(1001 + 2 * i, Response.of(ByteString.EMPTY).encode()));
        }

        assertThatThrownBy(waiting::await).hasMessageContaining("more than 64 answers to streams nobody opened");
    }

    @Test
    void randomBytesNeverHangAndNeverAnswer() throws Exception {
        Random random = new Random(7);
        for (int round = 0; round < 200; round++) {
            try (Pair hostile = Pair.open()) {
                TtrpcClient victim = TtrpcClient.over(hostile.ours(), "victim", 1 << 16, reason -> reason);
                TtrpcCall<Empty> waiting = victim.start("s", "m", Empty.getDefaultInstance(), Empty.parser());
                byte[] garbage = new byte[random.nextInt(1, 400)];
                random.nextBytes(garbage);
                if (round % 3 == 0) {
                    garbage[0] = 0;
                }
                hostile.send(garbage);
                hostile.theirs().shutdownOutput();
                assertThatThrownBy(() -> waiting.await(SOON)).isInstanceOf(HakoException.class);
            }
        }
    }

    @Test
    void noMoreCallsThanTheBoundWait() {
        for (int i = 0; i < TtrpcClient.MAX_WAITING; i++) {
            client.start("s", "m", Empty.getDefaultInstance(), Empty.parser());
        }

        assertThatThrownBy(() -> client.start("s", "m", Empty.getDefaultInstance(), Empty.parser()))
                .hasMessageContaining("1024 calls wait");
    }

    @Test
    void aServerClosesOnGarbageAndOnEvenStreams() throws Exception {
        try (Pair other = Pair.open()) {
            TtrpcServer server = TtrpcServer.over(other.ours(), "server");
            other.send(Frame.request(2, new Request("s", "m", ByteString.EMPTY, 0).encode()));
            assertThat(server.ended().get()).contains("a client's have odd ids");
        }
    }

    @Test
    void aSlowMethodDoesNotHoldOthersUp() throws Exception {
        CountDownLatch release = new CountDownLatch(1);
        TtrpcServer.over(
                pair.theirs(),
                "server",
                new TtrpcService("s")
                        .method("Slow", Empty.parser(), request -> {
                            release.await();
                            return request;
                        })
                        .method("Fast", Empty.parser(), request -> request));
        TtrpcCall<Empty> slow = client.start("s", "Slow", Empty.getDefaultInstance(), Empty.parser());

        client.call("s", "Fast", Empty.getDefaultInstance(), Empty.parser(), SOON);

        assertThat(slow.isDone()).isFalse();
        release.countDown();
        slow.await(SOON);
    }

    private void serve() {
        TtrpcServer.over(
                pair.theirs(),
                "server",
                new TtrpcService("test.Echo")
                        .method("Echo", StringValue.parser(), request -> request)
                        .method("EchoBytes", BytesValue.parser(), request -> request)
                        .method("Refuse", StringValue.parser(), request -> {
                            throw HakoException.user(
                                    HakoException.Code.NOT_FOUND,
                                    "delete \"%s\": no such container".formatted(request.getValue()));
                        }));
    }

    private String echo(String word) {
        return client.call("test.Echo", "Echo", text(word), StringValue.parser(), SOON)
                .getValue();
    }

    private static StringValue text(String value) {
        return StringValue.of(value);
    }
}
