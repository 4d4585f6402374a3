package hako.doorstep;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;

class FrameBufferTest {
    private final FrameBuffer buffer = new FrameBuffer();

    @Test
    void framesThatArriveByteByByteAreCut() {
        byte[] two = ByteBuffer.allocate(18)
                .put(Frames.signal(15))
                .put(Frames.winch(50, 300))
                .array();
        for (int i = 0; i < 8; i++) {
            buffer.room().put(two[i]);
            assertThat(buffer.next(64)).isNull();
        }
        buffer.room().put(two, 8, 10);

        assertThat(buffer.next(64).signal()).isEqualTo(15);
        assertThat(buffer.next(64).size()).isEqualTo(new Frame.Size(50, 300));
        assertThat(buffer.next(64)).isNull();
    }

    @Test
    void aLongFrameIsRefusedByItsHeader() {
        buffer.room().put(new byte[] {65, 0, 0, 0, 2});
        assertThatThrownBy(() -> buffer.next(64))
                .isInstanceOf(ProtocolException.class)
                .hasMessageContaining("65 bytes");
    }

    @Test
    void aLengthOverTwoGibIsRefused() {
        buffer.room().put(new byte[] {-1, -1, -1, -1, 2});
        assertThatThrownBy(() -> buffer.next(Frame.MOST_HELLO))
                .isInstanceOf(ProtocolException.class)
                .hasMessageContaining("4294967295 bytes");
    }

    @Test
    void memoryGrowsWithWhatArrivesNotWithWhatIsPromised() {
        buffer.room().put(new byte[] {0, 0, 16, 0, 1});
        assertThat(buffer.next(Frame.MOST_HELLO)).isNull();
        assertThat(buffer.capacity()).isEqualTo(4096);
    }

    @Test
    void aLongFrameIsReadWholeAndItsMemoryGivenBack() {
        byte[] frame = Frames.frame(1, new byte[Frame.MOST_HELLO]);
        ByteBuffer ahead = ByteBuffer.allocate(frame.length + 9)
                .put(frame)
                .put(Frames.signal(2))
                .flip();
        while (ahead.hasRemaining()) {
            ByteBuffer room = buffer.room();
            int count = Math.min(room.remaining(), ahead.remaining());
            room.put(ahead.slice(ahead.position(), count));
            ahead.position(ahead.position() + count);
        }

        assertThat(buffer.next(Frame.MOST_HELLO).payload().remaining()).isEqualTo(Frame.MOST_HELLO);
        assertThat(buffer.capacity()).isEqualTo(4096);
        assertThat(buffer.next(64).signal()).isEqualTo(2);
    }

    @Test
    void signalsThatDoNotExistAreRefused() {
        for (int number : new int[] {0, -1, 65, Integer.MIN_VALUE}) {
            FrameBuffer fresh = new FrameBuffer();
            fresh.room().put(Frames.signal(number));
            Frame frame = fresh.next(64);
            assertThatThrownBy(frame::signal).isInstanceOf(ProtocolException.class);
        }
    }

    @Test
    void ordersAreLaidOutAsDrawn() {
        assertThat(Frame.ack().array()).containsExactly(0, 0, 0, 0, 19);
        assertThat(Frame.exit(127).array()).containsExactly(4, 0, 0, 0, 16, 127, 0, 0, 0);
        assertThat(Frame.exit(-1).array()).containsExactly(4, 0, 0, 0, 16, 255, 0, 0, 0);
        assertThat(Frame.raw(true).array()).containsExactly(1, 0, 0, 0, 18, 1);
        assertThat(Frame.token("ab").array()).containsExactly(6, 0, 0, 0, 17, 2, 0, 0, 0, 'a', 'b');
    }
}
