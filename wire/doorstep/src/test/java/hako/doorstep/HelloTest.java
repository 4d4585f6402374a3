package hako.doorstep;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class HelloTest {
    private static final byte[] PAYLOAD =
            Frames.helloPayload(2, "t", List.of("hako", "höher", ""), List.of("A=1=2", "A=3", "no", "=x=y", "E="));

    private static Hello decode(byte... payload) {
        return Hello.decode(new Frame(Frame.HELLO, ByteBuffer.wrap(payload).order(ByteOrder.LITTLE_ENDIAN)));
    }

    @Test
    void aCallIsReadAsDrawn() {
        Hello hello = decode(PAYLOAD);

        assertThat(hello.pid()).isEqualTo(7);
        assertThat(hello.token()).isEqualTo("t");
        assertThat(hello.size()).isEqualTo(new Frame.Size(24, 80));
        assertThat(hello.isTerminal(0)).isTrue();
        assertThat(hello.isTerminal(1)).isFalse();
        assertThat(hello.isTerminal(2)).isTrue();
        assertThat(hello.arguments()).containsExactly("hako", "höher", "");
    }

    @Test
    void theEnvironmentIsWhatGetenvFinds() {
        assertThat(decode(PAYLOAD).environment())
                .containsOnlyKeys("A", "=x", "E")
                .containsEntry("A", "1=2")
                .containsEntry("=x", "y")
                .containsEntry("E", "");
    }

    @Test
    void everyCutOfACallIsRefused() {
        for (int length = 0; length < PAYLOAD.length; length++) {
            byte[] cut = Arrays.copyOf(PAYLOAD, length);
            assertThatThrownBy(() -> decode(cut)).isInstanceOf(ProtocolException.class);
        }
    }

    @Test
    void bytesAfterTheEndAreRefused() {
        assertThatThrownBy(() -> decode(Arrays.copyOf(PAYLOAD, PAYLOAD.length + 1)))
                .hasMessageContaining("1 bytes too many");
    }

    @Test
    void anotherVersionIsToldWhatToDo() {
        assertThatThrownBy(() -> decode(Frames.helloPayload(1, "", List.of("hako"), List.of())))
                .isInstanceOf(ProtocolException.class)
                .hasMessageContaining("version 1")
                .hasMessageContaining("restart hakod");
    }

    @Test
    void aCallWithoutArgumentsIsRefused() {
        assertThatThrownBy(() -> decode(Frames.helloPayload(2, "", List.of(), List.of())))
                .hasMessageContaining("without arguments");
    }

    @Test
    void argumentsThatAreNotTextAreRefusedAndVariablesAreNot() {
        byte[] payload = Frames.helloPayload(2, "", List.of("hako", "@"), List.of("A=@"));
        byte[] argument = payload.clone();
        argument[argument.length - 12] = (byte) 0xff;
        byte[] variable = payload.clone();
        variable[variable.length - 1] = (byte) 0xff;

        assertThatThrownBy(() -> decode(argument)).hasMessageContaining("argument 1 is not UTF-8");
        assertThat(decode(variable).environment()).containsEntry("A", "\ufffd");
    }

    @Test
    void countsThatCannotBeAreRefused() {
        for (int count : new int[] {-1, Integer.MAX_VALUE, 1 << 20}) {
            byte[] payload = Frames.helloPayload(2, "", List.of(), List.of());
            ByteBuffer.wrap(payload).order(ByteOrder.LITTLE_ENDIAN).putInt(16, count);
            assertThatThrownBy(() -> decode(payload)).isInstanceOf(ProtocolException.class);
        }
    }

    @Test
    void garbageIsReadOrRefusedAndNothingElse() {
        Random random = new Random(20261121);
        for (int i = 0; i < 20_000; i++) {
            byte[] payload = PAYLOAD.clone();
            for (int changes = random.nextInt(4); changes >= 0; changes--) {
                payload[random.nextInt(payload.length)] = (byte) random.nextInt();
            }
            try {
                assertThat(decode(payload).arguments()).isNotEmpty();
            } catch (ProtocolException e) {
                assertThat(e.getMessage()).isNotEmpty();
            }
        }
    }
}
