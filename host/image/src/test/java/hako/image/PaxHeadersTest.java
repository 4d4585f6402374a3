package hako.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

class PaxHeadersTest {
    private static PaxHeaders parse(Map<String, String> records, boolean global) {
        byte[] archive = TarBuilder.tar().pax('x', records).open();
        return PaxHeaders.parse(Arrays.copyOfRange(archive, TarHeader.SIZE, archive.length), global);
    }

    private static Map<String, String> attributes(int count) {
        Map<String, String> attributes = new HashMap<>();
        for (int i = 0; i < count; i++) {
            attributes.put("SCHILY.xattr.user." + i, "x");
        }
        return attributes;
    }

    @Test
    void onlyWhatAnImageNeedsIsKept() {
        Map<String, String> records = Map.of(
                "path", "p",
                "mtime", "1.5",
                "comment", "none",
                "SCHILY.xattr.user.a", "1",
                "SCHILY.xattr.user.overlay.opaque", "y",
                "SCHILY.xattr.trusted.overlay.opaque", "y",
                "SCHILY.xattr.security.capability", "c",
                "SCHILY.acl.access", "a");

        assertThat(parse(records, false).records())
                .containsOnlyKeys("path", "mtime", "SCHILY.xattr.user.a", "SCHILY.xattr.security.capability");
    }

    @Test
    void aGlobalHeaderBringsNoAttributes() {
        PaxHeaders headers = parse(Map.of("uid", "7", "SCHILY.xattr.user.a", "1"), true);

        assertThat(headers.attributes()).isEmpty();
        assertThat(headers.number("uid")).contains(7L);
    }

    @Test
    void manyRecordsAreRefusedAndThoseOfNoUseDoNotCount() {
        Map<String, String> unknown = new HashMap<>();
        for (int i = 0; i < 1000; i++) {
            unknown.put("VENDOR." + i, "x");
        }

        assertThat(parse(unknown, false).records()).isEmpty();
        assertThat(parse(attributes(64), false).attributes()).hasSize(64);
        assertThatThrownBy(() -> parse(attributes(65), false)).hasMessageContaining("more than 64 records");
    }

    @Test
    void globalHeadersDoNotAddUp() {
        PaxHeaders sum = PaxHeaders.NONE;
        for (int i = 0; i < 64; i++) {
            sum = sum.with(parse(Map.of("GNU.sparse." + i, "x"), true));
        }
        PaxHeaders full = sum;

        assertThatThrownBy(() -> full.with(parse(Map.of("GNU.sparse.64", "x"), true)))
                .hasMessageContaining("more than 64 records");
    }

    @Test
    void aNumberOfManyDigitsIsNotParsed() {
        PaxHeaders headers = parse(Map.of("uid", "0".repeat(3000) + "1", "size", "0".repeat(5000)), false);

        assertThatThrownBy(() -> headers.number("uid")).hasMessageContaining("not valid");
        assertThatThrownBy(() -> headers.number("size")).hasMessageContaining("5000 bytes");
    }
}
