package hako.image;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.Flow;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(10)
class ReceivedBodyTest {
    private final ReceivedBody body = new ReceivedBody();
    private int requested;
    private boolean cancelled;

    ReceivedBodyTest() {
        body.onSubscribe(new Flow.Subscription() {
            @Override
            public void request(long count) {
                requested += (int) count;
            }

            @Override
            public void cancel() {
                cancelled = true;
            }
        });
    }

    private static List<ByteBuffer> batch(String... parts) {
        return List.of(parts).stream()
                .map(part -> ByteBuffer.wrap(part.getBytes(US_ASCII)))
                .toList();
    }

    @Test
    void whatArrivedIsReadToItsEnd() throws Exception {
        body.onNext(batch("one ", "two "));
        body.onNext(batch("three"));
        body.onComplete();

        assertThat(body.readAllBytes()).asString().isEqualTo("one two three");
        assertThat(body.read()).isEqualTo(-1);
    }

    @Test
    void whatArrivedBeforeTheConnectionBrokeIsReadFirst() throws Exception {
        body.onNext(batch("half"));
        body.onError(new IOException("fixed content-length: 8, bytes received: 4"));

        assertThat(body.readNBytes(4)).asString().isEqualTo("half");
        for (int i = 0; i < 2; i++) {
            assertThatThrownBy(body::read).isInstanceOf(IOException.class).hasMessageContaining("bytes received: 4");
        }
    }

    @Test
    void aBatchIsAskedForWhenTheOneBeforeIsRead() throws Exception {
        body.onNext(batch("ab", "c"));

        assertThat(body.readNBytes(3)).asString().isEqualTo("abc");
        assertThat(requested).isEqualTo(1);
        body.onNext(batch("d"));
        assertThat(body.read()).isEqualTo('d');
        assertThat(requested).isEqualTo(2);
    }

    @Test
    void closingEndsTheReadThatWaits() throws Exception {
        Thread closer = Thread.ofVirtual().start(body::close);

        assertThatThrownBy(body::read).isInstanceOf(IOException.class).hasMessage("closed");
        closer.join();
        assertThat(cancelled).isTrue();
    }
}
