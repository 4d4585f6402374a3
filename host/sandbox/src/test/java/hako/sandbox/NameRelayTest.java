package hako.sandbox;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import hako.agent.AgentClient;
import hako.agent.v1.NameAnswer;
import hako.agent.v1.NameQuery;
import hako.linux.Fd;
import hako.linux.Netlink;
import hako.linux.NetworkNamespace;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.List;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A namespace with a server on its loopback, and a guest that asks it. */
@Timeout(60)
class NameRelayTest {
    private static final String SERVER = "127.0.0.11";
    private static final Duration SOON = Duration.ofSeconds(20);
    private static final Duration MOMENT = Duration.ofMillis(200);
    private static final ByteString QUERY = ByteString.copyFromUtf8("0123456789abcdef");

    private final Fd namespace = NetworkNamespace.create();
    private final FakeAgent agent = new FakeAgent();
    private NameRelay relay;

    @BeforeEach
    void start() {
        NetworkNamespace.run(namespace, () -> {
            try (Netlink netlink = Netlink.open()) {
                netlink.change("lo").up().apply();
                return null;
            }
        });
        AgentClient client = new AgentClient(agent.connect(UnaryOperator.identity()));
        relay = new NameRelay("1234567890abcdef", client, namespace, List.of(SERVER), Duration.ofMinutes(1));
    }

    @AfterEach
    void stop() {
        relay.close();
        namespace.close();
    }

    @Test
    void theServersAnswerGoesToWhoeverAsked() throws Exception {
        try (DatagramChannel server = datagrams()) {
            agent.asks(query(7, SERVER, false));
            DatagramPacket asked = receive(server);
            server.send(ByteBuffer.wrap("the answer".getBytes()), asked.getSocketAddress());
            NameAnswer answer = agent.answer(SOON);
            assertThat(answer.getAsker()).isEqualTo(7);
            assertThat(answer.getMessage().toStringUtf8()).isEqualTo("the answer");
        }
    }

    @Test
    void aStreamsAnswerComesWhole() throws Exception {
        byte[] long60 = new byte[60_000];
        try (ServerSocketChannel server = NetworkNamespace.run(
                namespace,
                () -> ServerSocketChannel.open(StandardProtocolFamily.INET).bind(new InetSocketAddress(SERVER, 53)))) {
            agent.asks(query(8, SERVER, true));
            try (SocketChannel asking = server.accept()) {
                DataInputStream in = new DataInputStream(asking.socket().getInputStream());
                assertThat(in.readNBytes(in.readUnsignedShort())).isEqualTo(QUERY.toByteArray());
                ByteBuffer answer = ByteBuffer.allocate(2 + long60.length);
                asking.write(answer.putShort((short) long60.length).put(long60).flip());
            }
            assertThat(agent.answer(SOON).getMessage().size()).isEqualTo(long60.length);
        }
    }

    @Test
    void thatNobodyListensIsSaidAtOnce() throws Exception {
        agent.asks(query(9, SERVER, false));
        ByteString answer = agent.answer(SOON).getMessage();
        assertThat(answer.size()).isEqualTo(QUERY.size());
        assertThat(answer.byteAt(2) & 0x80).as("an answer").isNotZero();
        assertThat(answer.byteAt(3)).as("server failure").isEqualTo((byte) 2);
        agent.asks(query(10, SERVER, true));
        assertThat(agent.answer(SOON).getMessage().isEmpty()).isTrue();
    }

    @Test
    void aGuestThatAsksSomebodyElseGetsNothing() throws Exception {
        for (String other : List.of("127.0.0.1", "8.8.8.8", "", "/etc/passwd")) {
            agent.asks(query(1, other, false));
        }
        agent.asks(query(2, SERVER, false));
        assertThat(agent.answer(SOON).getAsker()).isEqualTo(2);
        assertThat(agent.answer(MOMENT)).isNull();
    }

    @Test
    void soManyAreOnTheirWayAtATime() throws Exception {
        try (DatagramChannel server = datagrams()) {
            for (int i = 0; i < 40; i++) {
                agent.asks(query(i, SERVER, false));
            }
            DatagramPacket first = receive(server);
            for (int i = 1; i < 16; i++) {
                receive(server);
            }
            server.configureBlocking(false);
            Thread.sleep(MOMENT);
            assertThat(server.receive(ByteBuffer.allocate(9)))
                    .as("one more than sixteen")
                    .isNull();
            assertThat(agent.unasked()).isGreaterThanOrEqualTo(40 - 16 - 1);
            server.send(ByteBuffer.wrap(new byte[] {1}), first.getSocketAddress());
            assertThat(agent.answer(SOON)).isNotNull();
        }
    }

    private DatagramChannel datagrams() {
        return NetworkNamespace.run(
                namespace,
                () -> DatagramChannel.open(StandardProtocolFamily.INET).bind(new InetSocketAddress(SERVER, 53)));
    }

    private static DatagramPacket receive(DatagramChannel server) throws IOException {
        DatagramPacket packet = new DatagramPacket(new byte[99], 99);
        server.socket().setSoTimeout((int) SOON.toMillis());
        server.socket().receive(packet);
        return packet;
    }

    private static NameQuery query(int asker, String server, boolean overStream) {
        return NameQuery.newBuilder()
                .setAsker(asker)
                .setServer(server)
                .setMessage(QUERY)
                .setOverStream(overStream)
                .build();
    }
}
