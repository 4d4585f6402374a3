package hako.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ZstdInputStreamTest {
    @TempDir
    private Path directory;

    private byte[] packed(byte[] data) throws Exception {
        Path file = Files.write(directory.resolve("data"), data);
        assertThat(new ProcessBuilder("zstd", "-q", "-f", file.toString())
                        .start()
                        .waitFor())
                .isZero();
        return Files.readAllBytes(directory.resolve("data.zst"));
    }

    private static byte[] unpacked(byte[] packed) throws IOException {
        try (InputStream in = new ZstdInputStream(new ByteArrayInputStream(packed))) {
            return in.readAllBytes();
        }
    }

    @Test
    void whatTheProgramPacksIsUnpacked() throws Exception {
        byte[] data = new byte[3_000_000];
        new Random(1).nextBytes(data);
        Arrays.fill(data, 500_000, 2_000_000, (byte) 3);

        assertThat(unpacked(packed(data))).isEqualTo(data);
    }

    @Test
    void framesFollowEachOther() throws Exception {
        byte[] one = packed("one".getBytes(java.nio.charset.StandardCharsets.US_ASCII));
        byte[] two = Arrays.copyOf(one, one.length * 2);
        System.arraycopy(one, 0, two, one.length, one.length);

        assertThat(unpacked(two)).asString().isEqualTo("oneone");
        assertThat(unpacked(new byte[0])).isEmpty();
    }

    @Test
    void damagedAndTruncatedDataIsAnError() throws Exception {
        byte[] data = new byte[200_000];
        new Random(2).nextBytes(data);
        byte[] packed = packed(data);
        byte[] damaged = packed.clone();
        damaged[4] ^= 0x7f;

        assertThatThrownBy(() -> unpacked(Arrays.copyOf(packed, packed.length / 2)))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("cut short");
        assertThatThrownBy(() -> unpacked(damaged)).isInstanceOf(IOException.class);
        assertThatThrownBy(() -> unpacked("no zstd at all".getBytes(java.nio.charset.StandardCharsets.US_ASCII)))
                .isInstanceOf(IOException.class);
    }
}
