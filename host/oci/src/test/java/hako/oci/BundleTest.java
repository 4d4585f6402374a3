package hako.oci;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import hako.base.HakoException;
import hako.linux.HostFiles;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BundleTest {
    private static final String GOOD = """
            {"ociVersion": "1.1.0", "root": {"path": "rootfs", "readonly": true}, "hostname": "h",
             "process": {"terminal": false, "user": {"uid": 1, "gid": 2, "additionalGids": [3]}, "args": ["sh", "-c", "x"],
                         "env": ["A=b"], "cwd": "/", "capabilities": {"bounding": ["CAP_KILL"]},
                         "rlimits": [{"type": "RLIMIT_NOFILE", "hard": 1024, "soft": 18446744073709551615}]},
             "mounts": [{"destination": "/proc", "type": "proc", "source": "proc", "options": ["nosuid"]}],
             "hooks": {"prestart": [{"path": "/bin/true", "args": ["x"], "timeout": 5}]},
             "annotations": {"a": "b"}, "vm": {"unknown": [1, {"x": null}]},
             "linux": {"namespaces": [{"type": "network", "path": "/run/netns/x"}],
                       "resources": {"memory": {"limit": 1048576}, "devices": [{"allow": false, "access": "rwm"}]},
                       "seccomp": {"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": ["read"], "action": "SCMP_ACT_ALLOW"}]}}}
            """;

    @TempDir
    Path directory;

    @BeforeEach
    void root() throws IOException {
        Files.createDirectory(directory.resolve("rootfs"));
    }

    private Bundle read(String config) throws IOException {
        Files.writeString(directory.resolve("config.json"), config);
        return Bundle.read(directory, HostFiles.OURS);
    }

    private void assertRefused(String config, String message) {
        assertThatThrownBy(() -> read(config)).isInstanceOf(HakoException.class).hasMessageContaining(message);
    }

    @Test
    void aWholeConfigurationIsRead() throws IOException {
        Bundle bundle = read(GOOD);
        assertThat(bundle.spec().process().args()).containsExactly("sh", "-c", "x");
        assertThat(bundle.spec().hooks().prestart()).hasSize(1);
        assertThat(bundle.root()).isEqualTo(directory.toRealPath().resolve("rootfs"));
    }

    @Test
    void whatAContainerCannotDoWithoutIsAskedForInRuncsWords() {
        assertThatThrownBy(() -> Bundle.read(directory, HostFiles.OURS))
                .hasMessage("JSON specification file config.json not found");
        assertRefused("{}", "process property must not be empty");
        assertRefused(GOOD.replace("\"cwd\": \"/\"", "\"cwd\": \"\""), "Cwd property must not be empty");
        assertRefused(GOOD.replace("\"cwd\": \"/\"", "\"cwd\": \"x\""), "Cwd must be an absolute path");
        assertRefused(GOOD.replace("\"args\": [\"sh\", \"-c\", \"x\"]", "\"args\": []"), "args must not be empty");
        assertRefused(
                GOOD.replace("\"path\": \"rootfs\"", "\"path\": \"none\""),
                "invalid rootfs: stat none: no such file or directory");
        assertRefused(GOOD.replace("\"path\": \"rootfs\"", "\"path\": \"config.json\""), "is not a directory");
        assertRefused(GOOD.replace("1.1.0", "2.0.0"), "unsupported ociVersion");
        assertRefused(GOOD.replace("\"timeout\": 5", "\"timeout\": -5"), "a timeout of -5 s is none");
        assertRefused(GOOD.replace("\"timeout\": 5", "\"timeout\": 0"), "must be greater than zero");
        assertRefused(GOOD.replace("/bin/true", "true"), "its path true is not absolute");
        assertRefused(GOOD.replace("\"destination\": \"/proc\", ", ""), "mount destination is empty");
        assertRefused(GOOD.replace("\"linux\": {", "\"linux\": {\"devices\": [{\"type\": \"c\"}], "), "it has no path");
        assertRefused(GOOD.replace("\"uid\": 1", "\"uid\": -1"), "is none");
        assertRefused(
                GOOD.replace(
                        "\"type\": \"proc\", \"source\": \"proc\"", "\"type\": \"bind\", \"source\": \"a\\u0000b\""),
                "invalid mount source");
    }

    @Test
    void aRootIsWhereItSaysItIs() throws IOException {
        Files.createSymbolicLink(directory.resolve("link"), directory.resolve("rootfs"));
        assertRefused(GOOD.replace("\"path\": \"rootfs\"", "\"path\": \"link\""), "not an absolute path, or a symlink");
        assertThat(read(GOOD.replace("\"path\": \"rootfs\"", "\"path\": \"x/../rootfs/.\""))
                        .root())
                .isEqualTo(directory.toRealPath().resolve("rootfs"));
    }

    @Test
    void wrongTypesAreRefused() {
        String[][] changes = {
            {"\"args\": [\"sh\", \"-c\", \"x\"]", "\"args\": \"sh\""},
            {"\"uid\": 1", "\"uid\": \"root\""},
            {"\"limit\": 1048576", "\"limit\": {}"},
            {"\"mounts\": [", "\"mounts\": [5, "},
            {"\"annotations\": {\"a\": \"b\"}", "\"annotations\": [1]"},
        };
        for (String[] change : changes) {
            assertRefused(GOOD.replace(change[0], change[1]), "runtime specification (config.json)");
        }
    }

    @Test
    void aConfigurationOfAnySizeIsBounded() throws IOException {
        assertRefused("[".repeat(1 << 20), "config.json");
        Files.write(directory.resolve("config.json"), new byte[(16 << 20) + 1]);
        assertThatThrownBy(() -> Bundle.read(directory, HostFiles.OURS)).hasMessageContaining("longer than 16 MiB");
    }

    /** Whatever a configuration is turned into, it is read, or refused with a sentence. */
    @Test
    void garbageIsReadOrRefusedAndNothingElse() throws IOException {
        Random random = new Random(20261121);
        byte[] good = GOOD.getBytes(StandardCharsets.UTF_8);
        long end = System.nanoTime()
                + Duration.ofSeconds(Long.getLong("hako.fuzzSeconds", 2)).toNanos();
        int refused = 0;
        while (System.nanoTime() < end) {
            byte[] config = broken(good, random);
            Files.write(directory.resolve("config.json"), config);
            try {
                assertThat(Bundle.read(directory, HostFiles.OURS).spec().process())
                        .isNotNull();
            } catch (HakoException e) {
                assertThat(e.kind()).isEqualTo(HakoException.Kind.USER);
                refused++;
            } catch (RuntimeException e) {
                throw new AssertionError(new String(config, StandardCharsets.ISO_8859_1), e);
            }
        }
        assertThat(refused).isPositive();
    }

    /** Bytes changed, parts left out or doubled. */
    private static byte[] broken(byte[] good, Random random) {
        byte[] bytes = good.clone();
        for (int changes = random.nextInt(3); changes >= 0; changes--) {
            int at = random.nextInt(bytes.length);
            int length = random.nextInt(Math.min(64, bytes.length - at)) + 1;
            switch (random.nextInt(4)) {
                case 0 -> bytes[at] = (byte) random.nextInt();
                case 1 -> bytes[at] = "[]{}\",:0-nt".getBytes(StandardCharsets.US_ASCII)[random.nextInt(11)];
                case 2 -> bytes = joined(bytes, at, at + length);
                default -> bytes = joined(bytes, at + length, at);
            }
        }
        return bytes;
    }

    private static byte[] joined(byte[] bytes, int until, int from) {
        byte[] all = Arrays.copyOf(bytes, until + bytes.length - from);
        System.arraycopy(bytes, from, all, until, bytes.length - from);
        return all;
    }
}
