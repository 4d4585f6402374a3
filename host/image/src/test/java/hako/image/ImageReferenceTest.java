package hako.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ImageReferenceTest {
    @ParameterizedTest
    @CsvSource({
        "busybox, docker.io/library/busybox:latest, busybox:latest",
        "busybox:1.36, docker.io/library/busybox:1.36, busybox:1.36",
        "hako/busybox, docker.io/hako/busybox:latest, hako/busybox:latest",
        "docker.io/busybox, docker.io/library/busybox:latest, busybox:latest",
        "index.docker.io/a/b, docker.io/a/b:latest, a/b:latest",
        "localhost/app, localhost/app:latest, localhost/app:latest",
        "localhost:5000/a/b/c:x, localhost:5000/a/b/c:x, localhost:5000/a/b/c:x",
        "quay.io/x/y_z, quay.io/x/y_z:latest, quay.io/x/y_z:latest",
        "[::1]:5000/x, [::1]:5000/x:latest, [::1]:5000/x:latest",
    })
    void namesAreReadAsDockerReadsThem(String text, String full, String familiar) {
        ImageReference reference = ImageReference.parse(text);
        assertThat(reference).hasToString(full);
        assertThat(reference.familiar()).isEqualTo(familiar);
        assertThat(ImageReference.parse(reference.familiar())).isEqualTo(reference);
        assertThat(ImageReference.parse(reference.toString())).isEqualTo(reference);
    }

    @Test
    void aDigestNeedsNoTag() {
        String digest = "sha256:" + "a".repeat(64);
        assertThat(ImageReference.parse("x@" + digest)).hasToString("docker.io/library/x@" + digest);
        assertThat(ImageReference.parse("x:1@" + digest).familiar()).isEqualTo("x:1@" + digest);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                "UPPER",
                "a//b",
                "a/../b",
                "../a",
                "a b",
                "a:",
                ":a",
                "a@sha256:12",
                "a@md5:" + "x",
                "-a",
                "http://x/y",
                "x/y:a b",
                "localhost:99999999/x",
                "a:b:c/d:e:f"
            })
    void nonsenseIsRefused(String text) {
        assertThatThrownBy(() -> ImageReference.parse(text)).isInstanceOf(ImageException.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"sha256:../../etc", "sha256:", "sha256:zz", "md5:aa", "x"})
    void aDigestIsAlwaysValid(String text) {
        assertThatThrownBy(() -> Digest.of(text)).isInstanceOf(ImageException.class);
    }
}
