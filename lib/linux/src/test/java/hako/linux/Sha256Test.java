package hako.linux;

import static org.assertj.core.api.Assertions.assertThat;

import java.security.MessageDigest;
import java.util.Random;
import org.junit.jupiter.api.Test;

class Sha256Test {
    @Test
    void itAgreesWithTheJdksHoweverTheInputIsCut() throws Exception {
        byte[] data = new byte[1_000_003];
        new Random(7).nextBytes(data);
        byte[] expected = MessageDigest.getInstance("SHA-256").digest(data);
        MessageDigest ours = Sha256.create();

        assertThat(ours.digest(data)).isEqualTo(expected);
        for (int at = 0; at < data.length; ) {
            int n = Math.min(data.length - at, 1 + at % 300_000);
            ours.update(data, at, n);
            at += n;
        }
        assertThat(ours.digest()).as("and again, after a digest").isEqualTo(expected);
        ours.update((byte) 1);
        ours.reset();
        assertThat(ours.digest()).isEqualTo(MessageDigest.getInstance("SHA-256").digest());
    }
}
