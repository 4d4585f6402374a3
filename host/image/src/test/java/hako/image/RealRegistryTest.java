package hako.image;

import static hako.image.TarBuilder.tar;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import hako.base.HakoException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/**
 * Against Debian's {@code docker-registry} with TLS and htpasswd, filled by {@code skopeo} from our own store: which
 * proves the store to be the layout it says. Needs docker-registry, skopeo and openssl.
 */
@Tag("registry")
class RealRegistryTest {
    private static final String PASSWORD = "s3cret";

    /** bcrypt of {@link #PASSWORD}. */
    private static final String HTPASSWD = "tester:$2y$05$abcdefghijklmnopqrstuuLK7U1u6pVRmL7L1BBM2aS35PSZnDXlK\n";

    private static final Credentials TESTER = Credentials.login("tester", PASSWORD);

    @RegisterExtension
    private final State state = new State();

    /** In src/test/hosts. */
    private static final String NAMED = "registry.test";

    private Path certificates;
    private Process registry;
    private int port;

    @BeforeEach
    void start() throws Exception {
        certificates = Files.createDirectories(state.file("certificates"));
        Path key = state.file("key.pem");
        Trees.run(List.of(
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "rsa:2048",
                "-nodes",
                "-days",
                "2",
                "-subj",
                "/CN=hako test",
                "-addext",
                "subjectAltName=DNS:localhost,DNS:" + NAMED + ",IP:127.0.0.1",
                "-keyout",
                key.toString(),
                "-out",
                certificates.resolve("ca.crt").toString()));
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        Files.writeString(state.file("htpasswd"), HTPASSWD);
        Path config = Files.writeString(state.file("registry.yml"), """
                version: 0.1
                log: {level: error}
                storage: {filesystem: {rootdirectory: %s}}
                http: {addr: '127.0.0.1:%d', tls: {certificate: %s, key: %s}}
                auth: {htpasswd: {realm: hako, path: %s}}
                """.formatted(
                        state.file("registry"), port, certificates.resolve("ca.crt"), key, state.file("htpasswd")));
        registry = new ProcessBuilder("docker-registry", "serve", config.toString())
                .redirectErrorStream(true)
                .redirectOutput(state.file("registry.log").toFile())
                .start();
        for (long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20); ; ) {
            try (Socket up = new Socket(InetAddress.getLoopbackAddress(), port)) {
                assertThat(up.isConnected()).isTrue();
                return;
            } catch (IOException e) {
                assertThat(System.nanoTime()).as("registry did not start").isLessThan(end);
                Thread.sleep(50);
            }
        }
    }

    @AfterEach
    void stop() throws Exception {
        registry.destroy();
        assertThat(registry.waitFor(10, TimeUnit.SECONDS)).isTrue();
    }

    private void skopeo(String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of("skopeo", "--insecure-policy"));
        command.addAll(List.of(arguments));
        Trees.run(command);
    }

    private String name(String host, String image) {
        return host + ":" + port + "/" + image;
    }

    private Image push() throws IOException {
        ImageStore store = state.store();
        byte[] noise = new byte[3 << 20];
        new Random(3).nextBytes(noise);
        TestImage image = TestImage.of(
                tar().file("lower", "1").file("gone", "").build(),
                tar().file(".wh.gone", "").entry("noise", '0', "", 0644, noise).build());
        Image loaded =
                store.load(image.layout(state.file("layout"), "team/app:1")).getFirst();
        skopeo(
                "copy",
                "--dest-creds",
                "tester:" + PASSWORD,
                "--dest-cert-dir",
                certificates.toString(),
                "oci:" + state.directory().resolve("images") + ":docker.io/team/app:1",
                "docker://" + name("localhost", "team/app:1"));
        return loaded;
    }

    private ImageStore other() throws IOException {
        return new ImageStore(state.file("other"));
    }

    private Image pull(String host, Credentials credentials, RegistryOptions options) throws IOException {
        return other().pull(
                        ImageReference.parse(name(host, "team/app:1")),
                        Platforms.parse("linux/amd64"),
                        credentials,
                        options,
                        Progress.NONE);
    }

    @Test
    void whatSkopeoPushedFromOurStoreIsPulledBackTheSame() throws Exception {
        Image pushed = push();

        Image pulled = pull("localhost", TESTER, RegistryOptions.DEFAULT);

        assertThat(pulled.id()).isEqualTo(pushed.id());
        assertThat(pulled.diffIds()).isEqualTo(pushed.diffIds());
    }

    @Test
    void aNamedHostNeedsATrustedCertificate() throws Exception {
        push();

        assertThatThrownBy(() -> pull(NAMED, TESTER, RegistryOptions.DEFAULT)).hasMessageContaining("not trusted");
        assertThat(pull(NAMED, TESTER, RegistryOptions.DEFAULT.withCertificates(certificates))
                        .layers())
                .hasSize(2);
        assertThat(pull(NAMED, TESTER, RegistryOptions.DEFAULT.withInsecure(Set.of(NAMED)))
                        .layers())
                .hasSize(2);
    }

    @Test
    void aWrongPasswordIsRefused() throws Exception {
        push();
        for (Credentials credentials : List.of(Credentials.NONE, Credentials.login("tester", "wrong"))) {
            assertThatThrownBy(() -> pull("localhost", credentials, RegistryOptions.DEFAULT))
                    .isInstanceOf(HakoException.class)
                    .hasMessageNotContaining("wrong")
                    .satisfies(e -> assertThat(((HakoException) e).code()).isEqualTo(HakoException.Code.PERMISSION));
        }
    }

    @Test
    void whatOtherProgramsWriteIsLoaded() throws Exception {
        Image pushed = push();
        String source = "oci:" + state.directory().resolve("images") + ":docker.io/team/app:1";
        skopeo("copy", source, "docker-archive:" + state.file("saved.tar") + ":team/app:saved");
        skopeo("copy", source, "oci-archive:" + state.file("archive.tar") + ":team/app:archived");
        skopeo("copy", "--dest-compress-format", "zstd", source, "oci:" + state.file("zstd") + ":team/app:zstd");
        ImageStore other = other();

        assertThat(other.load(state.file("saved.tar")).getFirst().id()).isEqualTo(pushed.id());
        assertThat(other.load(state.file("archive.tar")).getFirst().id()).isEqualTo(pushed.id());
        assertThat(other.load(state.file("zstd")).getFirst().diffIds()).isEqualTo(pushed.diffIds());
        assertThat(other.list().stream().flatMap(i -> i.references().stream()))
                .contains("team/app:saved", "team/app:archived", "team/app:zstd");
    }
}
