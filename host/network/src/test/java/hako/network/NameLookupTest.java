package hako.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import hako.linux.Fd;
import hako.linux.Netlink;
import hako.linux.NetworkNamespace;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A server that takes its time holds a lookup for so long and no longer. */
@Timeout(20)
class NameLookupTest {
    private static final String SERVER = "127.0.0.11";
    private static final Duration MOMENT = Duration.ofMillis(500);
    private static final int MOST = 0xFFFF;

    private final Fd namespace = NetworkNamespace.create();
    private ServerSocketChannel server;

    @BeforeEach
    void listen() {
        server = NetworkNamespace.run(namespace, () -> {
            try (Netlink netlink = Netlink.open()) {
                netlink.change("lo").up().apply();
            }
            return ServerSocketChannel.open(StandardProtocolFamily.INET)
                    .setOption(StandardSocketOptions.SO_RCVBUF, 1024)
                    .bind(new InetSocketAddress(SERVER, 53));
        });
    }

    @AfterEach
    void stop() throws IOException {
        server.close();
        namespace.close();
    }

    private byte[] ask(int bytes) throws IOException {
        return new NameLookup(namespace, SERVER, MOMENT).byStream(new byte[bytes]);
    }

    private void assertNoneInTime(int bytes) {
        long start = System.nanoTime();
        assertThatThrownBy(() -> ask(bytes)).isInstanceOf(IOException.class);
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isBetween(MOMENT, MOMENT.multipliedBy(4));
    }

    @Test
    void aServerThatReadsNothingIsNotWaitedFor() {
        assertNoneInTime(MOST);
    }

    @Test
    void aServerThatNeverAnswersIsNotWaitedFor() {
        assertNoneInTime(10);
    }

    @Test
    void anAnswerThatTricklesIsNotWaitedFor() {
        Thread.ofVirtual().start(() -> {
            try (SocketChannel asking = server.accept()) {
                asking.write(ByteBuffer.wrap(new byte[] {0, 100}));
                for (int i = 0; i < 99; i++) {
                    asking.write(ByteBuffer.wrap(new byte[1]));
                    Thread.sleep(MOMENT.dividedBy(5));
                }
            } catch (IOException | InterruptedException e) {
                // it was not waited for
            }
        });
        assertNoneInTime(10);
    }
}
