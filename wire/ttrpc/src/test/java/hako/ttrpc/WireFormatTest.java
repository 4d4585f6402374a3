package hako.ttrpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

class WireFormatTest {
    @Test
    void aFrameIsTenBytesOfHeaderAndThePayload() {
        Frame frame = Frame.request(0x01020305, ByteString.copyFromUtf8("hi"));

        ByteBuffer buffer = ByteBuffer.allocate(frame.wireBytes());
        frame.putTo(buffer);

        assertThat(HexFormat.of().formatHex(buffer.array())).isEqualTo("00000002" + "01020305" + "01" + "00" + "6869");
    }

    @Test
    void aRequestIsEncodedAsProtobufHasIt() {
        Request request = new Request("s", "m", ByteString.copyFromUtf8("p"), 300);

        assertThat(HexFormat.of().formatHex(request.encode().toByteArray()))
                .isEqualTo("0a0173" + "12016d" + "1a0170" + "20ac02");
    }

    @Test
    void aFailureIsEncodedAsAStatusInsideTheResponse() {
        Response response = new Response(5, "no", ByteString.EMPTY);

        assertThat(HexFormat.of().formatHex(response.encode().toByteArray()))
                .isEqualTo("0a06" + "0805" + "12026e6f" + "1200");
    }

    @Test
    void envelopesComeBackAsTheyWent() throws IOException {
        Request request = new Request("a.B", "C", ByteString.copyFromUtf8("payload"), 0);
        Response response = new Response(13, "broken", ByteString.EMPTY);

        assertThat(Request.decode(request.encode())).isEqualTo(request);
        assertThat(Response.decode(response.encode())).isEqualTo(response);
    }

    @Test
    void unknownFieldsOfAnEnvelopeAreSkipped() throws IOException {
        ByteString withMetadata =
                new Request("s", "m", ByteString.EMPTY, 0).encode().concat(bytes("2a060a016b120176"));

        assertThat(Request.decode(withMetadata).service()).isEqualTo("s");
    }

    @Test
    void aPeersTextIsCutAndCannotSteerATerminal() throws IOException {
        Response hostile = new Response(2, "\u001b[31mred\n" + "x".repeat(5000), ByteString.EMPTY);

        assertThat(Response.decode(hostile.encode()).message())
                .startsWith(" [31mred x")
                .hasSize(1024);
    }

    @Test
    void aFrameLargerThanTheBoundIsRefusedBeforeItIsRead() {
        assertThatThrownBy(() ->
                        reader("7fffffff" + "00000001" + "02" + "00", 1000).next())
                .hasMessage("frame of 2147483647 bytes on stream 1; at most 1000 are taken");
        assertThatThrownBy(() ->
                        reader("ffffffff" + "00000001" + "02" + "00", 1000).next())
                .hasMessageContaining("frame of 4294967295 bytes");
    }

    @Test
    void anUnknownTypeIsRefused() {
        assertThatThrownBy(() ->
                        reader("00000000" + "00000001" + "09" + "00", 1000).next())
                .isInstanceOf(ProtocolException.class)
                .hasMessage("frame of unknown type 9");
    }

    @Test
    void anEndWithinAFrameIsAnErrorAndOneBetweenFramesIsNot() throws IOException {
        assertThat(reader("", 1000).next()).isNull();
        assertThatThrownBy(() -> reader("0000", 1000).next()).isInstanceOf(EOFException.class);
        assertThatThrownBy(() -> reader("00000004" + "00000001" + "02" + "00" + "61", 1000)
                        .next())
                .hasMessage("closed after 1 of 4 bytes of a frame");
    }

    private static FrameReader reader(String hex, int max) {
        return new FrameReader(
                Channels.newChannel(new ByteArrayInputStream(bytes(hex).toByteArray())), max);
    }

    private static ByteString bytes(String hex) {
        return ByteString.copyFrom(HexFormat.of().parseHex(hex));
    }
}
