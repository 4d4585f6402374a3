package hako.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** {@code hako image pull} from a real registry. */
@VmTest
class PullTest {
    private static final Path folder = Temporary.folder("pull");

    @RegisterExtension
    final OwnNodes nodes = new OwnNodes();

    private static Path layout = folder;
    private final Path place = Temporary.folder("reg");

    @BeforeAll
    static void makeAnImage() throws IOException {
        byte[] noise = new byte[4_000_000];
        new Random(4).nextBytes(noise);
        Files.createDirectories(folder.resolve("root/etc"));
        Files.write(folder.resolve("root/etc/noise"), noise);
        layout = TestImages.layout(folder, "pulled");
    }

    @BeforeEach
    void freshFolder() throws IOException {
        Files.createDirectories(place.resolve("data"));
    }

    @AfterEach
    void removePlace() {
        Temporary.delete(place);
    }

    @AfterAll
    static void remove() {
        Temporary.delete(folder);
    }

    @Test
    void anImageIsPulledAndRun() {
        try (Registry registry = Registry.plain(place)) {
            registry.push(layout, "team/words:1");
            HakoNode node = nodes.make("");

            node.run("image", "pull", registry.reference("team/words:1")).ok();

            assertThat(node.run("run", "--rm", registry.reference("team/words:1"))
                            .ok()
                            .out())
                    .isEqualTo("pulled");
        }
    }

    @Test
    void runPullsWhatIsMissing() {
        try (Registry registry = Registry.plain(place)) {
            registry.push(layout, "words:latest");
            HakoNode node = nodes.make("");

            Result run = node.run("run", "--rm", registry.reference("words")).ok();

            assertThat(run.out()).isEqualTo("pulled");
        }
    }

    @Test
    void aRegistryWithTlsAndPasswordIsSpokenToAsDockersConfigurationSays() {
        try (Registry registry = Registry.secure(place)) {
            // Given
            registry.push(layout, "secret/words:1");
            HakoNode node = nodes.make("");
            String credentials = Base64.getEncoder()
                    .encodeToString((Registry.USER + ":" + Registry.PASSWORD).getBytes(StandardCharsets.UTF_8));
            Path docker = Temporary.write(
                            place.resolve("docker/config.json"),
                            "{\"auths\": {\"127.0.0.1:%d\": {\"auth\": \"%s\"}}}"
                                    .formatted(registry.port(), credentials))
                    .getParent();

            // When
            Result without = trusting(registry, node.hako("image", "pull", registry.reference("secret/words:1")))
                    .with("DOCKER_CONFIG", place.resolve("none").toString())
                    .run();
            Result with = trusting(registry, node.hako("image", "pull", registry.reference("secret/words:1")))
                    .with("DOCKER_CONFIG", docker.toString())
                    .run();

            // Then
            assertThat(without.exits(1).err()).contains("login");
            with.ok();
        }
    }

    @Test
    void aCertificateNobodyVouchesForIsRefused() {
        try (Registry registry = Registry.secure(place)) {
            HakoNode node = nodes.make("");
            // another address of this host, which is not taken for granted as loopback is
            node.configure("image.insecure_registries = []");

            Result pull = node.run("image", "pull", registry.reference("secret/words:1"));

            assertThat(pull.exits(1).err()).isNotBlank();
        }
    }

    @Test
    void aCutConnectionIsTakenUpWhereItWasCut() throws IOException {
        try (Registry registry = Registry.plain(place);
                CuttingProxy proxy = new CuttingProxy(registry.port(), 1_000_000, 3)) {
            // Given
            registry.push(layout, "words:1");
            HakoNode node = nodes.make("");

            // When
            node.run("image", "pull", proxy.reference("words:1")).ok();

            // Then
            assertThat(proxy.cutsLeft()).isZero();
            assertThat(proxy.ranges()).anyMatch(range -> !range.startsWith("bytes=0-"));
            assertThat(node.run("run", "--rm", proxy.reference("words:1")).ok().out())
                    .isEqualTo("pulled");
        }
    }

    @Test
    void aPullThatWasKilledIsTakenUpByTheNext() throws IOException {
        try (Registry registry = Registry.plain(place);
                CuttingProxy proxy = new CuttingProxy(registry.port(), 1_000_000, 100)) {
            registry.push(layout, "words:1");
            HakoNode node = nodes.make("");
            Result failed = node.run("image", "pull", proxy.reference("words:1"));
            assertThat(failed.exitCode()).isNotNegative();

            // whatever came of that: a good line ends it
            node.run("image", "pull", registry.reference("words:1")).ok();
            assertThat(node.run("run", "--rm", registry.reference("words:1"))
                            .ok()
                            .out())
                    .isEqualTo("pulled");
        }
    }

    @Test
    void aCorruptLayerIsRefusedAndNothingIsStored() throws IOException {
        try (Registry registry = Registry.plain(place)) {
            // Given a registry whose disk has turned a bit
            registry.push(layout, "words:1");
            Path blob = registry.blob(largestLayer(registry, "words", "1"));
            byte[] bytes = Files.readAllBytes(blob);
            bytes[bytes.length / 2] ^= 1;
            Files.write(blob, bytes);
            HakoNode node = nodes.make("");

            // When
            Result pull = node.run("image", "pull", registry.reference("words:1"));

            // Then
            assertThat(pull.exits(1).err()).containsIgnoringCase("digest");
            assertThat(node.run("image", "ls", "-q").ok().out()).isEmpty();
            node.run("run", "--rm", registry.reference("words:1")).exits(125);
        }
    }

    @Test
    void anImageIsPulledByItsDigestAndAWrongDigestIsNotFound() {
        try (Registry registry = Registry.plain(place)) {
            registry.push(layout, "words:1");
            HakoNode node = nodes.make("");
            String digest = Json.parse(Command.of(
                                    "skopeo",
                                    "inspect",
                                    "--tls-verify=false",
                                    "docker://" + registry.reference("words:1"))
                            .run()
                            .ok()
                            .out())
                    .at("Digest")
                    .text();

            node.run("image", "pull", registry.reference("words@" + digest)).ok();
            Result wrong = node.run("image", "pull", registry.reference("words@sha256:" + "0".repeat(64)));

            assertThat(wrong.exits(1).err()).contains("0000");
        }
    }

    @Test
    void ofAnIndexTheImageForThePlatformIsTaken() throws IOException, InterruptedException {
        try (Registry registry = Registry.plain(place)) {
            // Given an index with this host's platform and another
            registry.push(layout, "many:amd64");
            Path other = Temporary.folder("arm");
            Path arm = TestImages.layout(other, "for another platform");
            Command.of("umoci", "config", "--image", arm + ":latest", "--architecture", "arm64")
                    .run()
                    .ok();
            registry.push(arm, "many:arm64");
            Temporary.delete(other);
            index(registry, "many", "both", "amd64", "arm64");
            HakoNode node = nodes.make("");

            // When
            node.run("image", "pull", registry.reference("many:both")).ok();
            Result missing = node.run("image", "pull", "--platform", "linux/s390x", registry.reference("many:both"));

            // Then
            assertThat(node.run("run", "--rm", registry.reference("many:both"))
                            .ok()
                            .out())
                    .isEqualTo("pulled");
            assertThat(missing.exits(1).err()).contains("s390x");
        }
    }

    @Test
    void anUnknownNameIsNotFound() {
        try (Registry registry = Registry.plain(place)) {
            HakoNode node = nodes.make("");

            Result pull = node.run("image", "pull", registry.reference("no/such:name"));

            assertThat(pull.exits(1).err()).contains("no/such:name");
        }
    }

    /** The daemon, started by this command, trusts the registry's certificate: Java's own list is replaced by it. */
    private Command trusting(Registry registry, Command command) {
        Path store = place.resolve("trusted.p12");
        if (!Files.exists(store)) {
            Command.of(
                            Path.of(System.getProperty("java.home"), "bin/keytool")
                                    .toString(),
                            "-importcert",
                            "-noprompt",
                            "-alias",
                            "registry",
                            "-storepass",
                            "changeit",
                            "-file",
                            registry.certificate().toString(),
                            "-keystore",
                            store.toString())
                    .run()
                    .ok();
        }
        return command.with(
                "HAKO_JAVA_OPTIONS", "-Djavax.net.ssl.trustStorePassword=changeit -Djavax.net.ssl.trustStore=" + store);
    }

    private static String largestLayer(Registry registry, String name, String tag) {
        return manifest(registry, name, tag).at("layers").items().stream()
                .max(java.util.Comparator.comparing(layer -> layer.at("size").number()))
                .orElseThrow()
                .at("digest")
                .text();
    }

    private static Json manifest(Registry registry, String name, String tag) {
        return Json.parse(rawManifest(registry, name, tag));
    }

    private static String rawManifest(Registry registry, String name, String tag) {
        return Command.of(
                        "skopeo",
                        "inspect",
                        "--raw",
                        "--tls-verify=false",
                        "docker://" + registry.reference(name + ":" + tag))
                .run()
                .ok()
                .out();
    }

    /** Puts an index of several tags, each an architecture's name, under a tag of its own. */
    private static void index(Registry registry, String name, String tag, String... architectures)
            throws IOException, InterruptedException {
        StringBuilder manifests = new StringBuilder();
        for (String architecture : architectures) {
            byte[] raw = rawManifest(registry, name, architecture).getBytes(StandardCharsets.UTF_8);
            manifests.append(manifests.isEmpty() ? "" : ",").append("""
                            {"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": "sha256:%s", "size": %d,
                             "platform": {"os": "linux", "architecture": "%s"}}""".formatted(
                            Digests.sha256(raw), raw.length, architecture));
        }
        String type = "application/vnd.oci.image.index.v1+json";
        String body = "{\"schemaVersion\": 2, \"mediaType\": \"%s\", \"manifests\": [%s]}".formatted(type, manifests);
        URI uri = URI.create("http://127.0.0.1:%d/v2/%s/manifests/%s".formatted(registry.port(), name, tag));
        HttpRequest put = HttpRequest.newBuilder(uri)
                .header("Content-Type", type)
                .PUT(HttpRequest.BodyPublishers.ofString(body))
                .build();
        try (HttpClient client = HttpClient.newHttpClient()) {
            HttpResponse<String> response = client.send(put, HttpResponse.BodyHandlers.ofString());
            assertThat(response.statusCode()).as(response.body()).isEqualTo(201);
        }
    }
}
