package hako.image;

import static hako.image.TarBuilder.tar;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import hako.base.HakoException;
import hako.base.HakoException.Code;
import hako.spec.Descriptor;
import hako.spec.Descriptor.Platform;
import hako.spec.ImageIndex;
import hako.spec.ImageManifest;
import hako.spec.MediaTypes;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

class PullImageTest {
    private static final RegistryOptions OPTIONS =
            new RegistryOptions(Set.of(), null, Duration.ofSeconds(5), Duration.ofMillis(400), 3, 2);
    private static final Credentials ME = Credentials.login(FakeRegistry.USER, FakeRegistry.PASSWORD);

    @RegisterExtension
    private final State state = new State();

    private final TestImage image = TestImage.of(
            tar().file("a", "1").build(),
            tar().entry("noise", '0', "", 0644, noise()).build());
    private final Digest large = image.layers().get(1);
    private FakeRegistry registry;
    private ImageStore store;

    private static byte[] noise() {
        byte[] noise = new byte[1 << 20];
        new Random(1).nextBytes(noise);
        return noise;
    }

    @BeforeEach
    void start() throws Exception {
        registry = new FakeRegistry().with(image, "1");
        store = state.store();
    }

    @AfterEach
    void stop() {
        registry.close();
    }

    private Image pull(String reference, Credentials credentials, Progress progress) {
        return store.pull(
                ImageReference.parse(registry.name() + "/" + reference),
                new Platform("amd64", "linux", null),
                credentials,
                OPTIONS,
                progress);
    }

    private Image pull() {
        return pull("app:1", Credentials.NONE, Progress.NONE);
    }

    private void fails(Code code, String... words) throws Exception {
        assertThatThrownBy(this::pull)
                .isInstanceOf(HakoException.class)
                .hasMessageContainingAll(words)
                .satisfies(e -> assertThat(((HakoException) e).code())
                        .as(e.getMessage())
                        .isEqualTo(code));
        assertThat(store.list()).isEmpty();
    }

    private long downloads(Digest blob) {
        return registry.requests.stream().filter(r -> r.contains(blob.hex())).count();
    }

    @Test
    void anImageIsPulledAndItsProgressTold() {
        Map<Digest, Progress.Step> steps = new ConcurrentHashMap<>();

        Image pulled = pull("app:1", Credentials.NONE, (blob, step, bytes, total) -> steps.put(blob, step));

        assertThat(pulled.references()).containsExactly(registry.name() + "/app:1");
        assertThat(pulled.manifest()).isEqualTo(Digest.sha256(image.manifest()));
        assertThat(steps).hasSize(2).containsValue(Progress.Step.DONE).doesNotContainValue(Progress.Step.UNPACKING);
        assertThat(store.rootFilesystems().layers(pulled).directories().get(1).resolve("a"))
                .hasContent("1");
    }

    @Test
    void whatIsHereIsNotDownloadedAgain() {
        pull();
        pull();

        assertThat(downloads(large)).isEqualTo(1);
    }

    @Test
    void aDigestNamesOneManifest() throws Exception {
        Digest digest = Digest.sha256(image.manifest());

        Image pulled = pull("app@" + digest, Credentials.NONE, Progress.NONE);

        assertThat(store.resolve(registry.name() + "/app@" + digest).id()).isEqualTo(pulled.id());
    }

    @Test
    void aManifestOfAnotherDigestIsRefused() {
        Digest digest = Digest.sha256(new byte[] {1});
        registry.manifest(digest.toString(), MediaTypes.MANIFEST, image.manifest());

        assertThatThrownBy(() -> pull("app@" + digest, Credentials.NONE, Progress.NONE))
                .hasMessageContainingAll("has the digest", digest.toString());
    }

    @Test
    void theManifestForThePlatformIsChosen() {
        TestImage arm = TestImage.of(tar().file("arm", "").build());
        registry.with(arm, "arm");
        index(Map.of("arm64", arm, "amd64", image));

        assertThat(pull("app:multi", Credentials.NONE, Progress.NONE).layers()).hasSize(2);
    }

    @Test
    void aMissingPlatformIsSaidWithThoseThatAreThere() {
        index(Map.of("arm64", image));

        assertThatThrownBy(() -> pull("app:multi", Credentials.NONE, Progress.NONE))
                .hasMessageContainingAll("none for platform linux/amd64", "there is: linux/arm64");
    }

    private void index(Map<String, TestImage> images) {
        List<Descriptor> manifests = images.entrySet().stream()
                .map(e -> new Descriptor(
                        MediaTypes.MANIFEST,
                        Digest.sha256(e.getValue().manifest()).toString(),
                        e.getValue().manifest().length,
                        Map.of(),
                        new Platform(e.getKey(), "linux", null)))
                .toList();
        registry.manifest("multi", MediaTypes.INDEX, ImageIndex.of(manifests).toJson());
    }

    @Test
    void aBasicLoginIsGivenWhenAskedFor() {
        registry.login = FakeRegistry.Login.BASIC;

        assertThat(pull("app:1", ME, Progress.NONE).layers()).hasSize(2);
    }

    @Test
    void aTokenIsFetchedWhenAskedFor() {
        registry.login = FakeRegistry.Login.TOKEN;

        assertThat(pull("app:1", ME, Progress.NONE).layers()).hasSize(2);
        assertThat(registry.requests)
                .anyMatch(r -> r.equals("/token?service=fake+registry&scope=repository%3Aapp%3Apull%2Cpush"));
    }

    @Test
    void dockersCredentialsAreUnderstood() {
        registry.login = FakeRegistry.Login.BASIC;
        String auth = Base64.getEncoder()
                .encodeToString((FakeRegistry.USER + ":" + FakeRegistry.PASSWORD).getBytes(StandardCharsets.UTF_8));
        byte[] config = ("{\"auths\":{\"https://" + registry.name() + "/v2/\":{\"auth\":\"" + auth + "\"}},\"x\":1}")
                .getBytes(StandardCharsets.UTF_8);

        assertThat(pull("app:1", Credentials.dockerConfig(config, Map.of()), Progress.NONE)
                        .layers())
                .hasSize(2);
    }

    @Test
    void aMissingLoginIsSaid() throws Exception {
        registry.login = FakeRegistry.Login.BASIC;

        fails(Code.PERMISSION, "wants a login");
    }

    @Test
    void aWrongPasswordIsSaidWithoutThePassword() {
        registry.login = FakeRegistry.Login.TOKEN;

        assertThatThrownBy(() -> pull("app:1", Credentials.login("me", "hunter2"), Progress.NONE))
                .hasMessageContaining("check user and password")
                .hasMessageNotContaining("hunter2");
    }

    @Test
    void theLoginDoesNotFollowToAnotherHost() {
        registry.login = FakeRegistry.Login.BASIC;
        registry.redirectsBlobs = true;

        assertThat(pull("app:1", ME, Progress.NONE).layers()).hasSize(2);
        assertThat(registry.requests).anyMatch(r -> r.startsWith("/storage/blobs/"));
    }

    @Test
    void aDownloadThatBreaksOffGoesOnWhereItStopped() {
        registry.cuts.set(4); // each brings half of what is missing

        pull();

        assertThat(registry.requests.stream()
                        .filter(r -> r.contains(large.hex() + " bytes="))
                        .distinct())
                .hasSize(4);
    }

    @Test
    void aRegistryWithoutRangesStartsAgain() {
        registry.cuts.set(2);
        registry.ranges = false;

        assertThat(pull().layers()).hasSize(2);
    }

    @Test
    void theNextPullGoesOnWhereAFailedOneStopped() throws Exception {
        registry.cuts.set(1000);
        fails(Code.UNAVAILABLE, registry.name());
        registry.cuts.set(0);
        registry.requests.clear();

        new ImageStore(state.directory());
        pull();

        assertThat(registry.requests).anyMatch(r -> r.contains(large.hex()) && r.contains("bytes="));
    }

    @Test
    void aDownloadThatStallsIsGivenUp() throws Exception {
        registry.stalls = true;

        fails(Code.UNAVAILABLE, registry.name());
    }

    @Test
    void aServerErrorThatPassesIsNotSeen() {
        registry.serverErrors.set(2);

        assertThat(pull().layers()).hasSize(2);
    }

    @Test
    void aServerErrorThatStaysIsSaid() throws Exception {
        registry.serverErrors.set(1000);

        fails(Code.UNAVAILABLE, "503", "try later");
    }

    @Test
    void aWrongDigestIsRefusedAndNothingKept() throws Exception {
        byte[] other = image.blobs().get(large).clone();
        other[1000] ^= 1;
        registry.blob(large, other);

        fails(Code.CORRUPT, large.toString(), "has the digest");
        assertThat(state.directory().resolve("partial/sha256-" + large.hex())).doesNotExist();
        assertThat(state.directory().resolve("images/blobs/sha256/" + large.hex()))
                .doesNotExist();
    }

    @Test
    void aBlobLongerThanPromisedIsRefused() throws Exception {
        registry.blob(large, new byte[image.blobs().get(large).length + 1]);

        fails(Code.CORRUPT, "longer than");
    }

    @Test
    void anUnknownImageIsSaid() {
        assertThatThrownBy(() -> pull("app:2", Credentials.NONE, Progress.NONE))
                .isInstanceOf(ImageException.class)
                .hasMessageContainingAll("/app:2", "has no 2 in app")
                .satisfies(e -> assertThat(((ImageException) e).code()).isEqualTo(Code.NOT_FOUND));
    }

    @Test
    void noRegistryAtAllIsSaidAtOnce() {
        String name = registry.name();
        registry.close();

        assertThatThrownBy(this::pull).hasMessageContainingAll("connect to registry " + name, "refused", "by " + name);
    }

    @Test
    void anAnswerThatIsNoManifestIsRefused() {
        registry.manifest("html", "text/html", "<html>".getBytes(StandardCharsets.US_ASCII));

        assertThatThrownBy(() -> pull("app:html", Credentials.NONE, Progress.NONE))
                .hasMessageContaining("text/html");
    }

    @Test
    void challengesAreParsed() {
        assertThat(Challenge.parse(
                        List.of("Negotiate, Bearer realm=\"https://a/b?c\", service=x,scope=\"r:a:pull,push\"")))
                .containsExactly(
                        new Challenge("negotiate", Map.of()),
                        new Challenge(
                                "bearer", Map.of("realm", "https://a/b?c", "service", "x", "scope", "r:a:pull,push")));
        assertThat(Challenge.parse(List.of("=\"\"", "\"".repeat(5000)))).isEmpty();
    }

    @Test
    void theHostThatARegistryRedirectsToGetsNoLoginWhenItAsks() throws Exception {
        registry.login = FakeRegistry.Login.BASIC;
        registry.redirectsBlobs = true;
        registry.storageWantsLogin = true;

        assertThatThrownBy(() -> pull("app:1", ME, Progress.NONE))
                .hasMessageContaining("localhost, to which the registry redirects, answers 401");
        assertThat(registry.requests).anyMatch(r -> r.startsWith("/storage/")).noneMatch(r -> r.startsWith("/token"));
    }

    @Test
    void aManifestThatNeverEndsIsGivenUp() throws Exception {
        registry.drips = "/v2/app/manifests/";

        fails(Code.TIMEOUT, registry.name(), "not whole after 0.2 s");
    }

    @Test
    void aTokenThatNeverEndsIsGivenUp() throws Exception {
        registry.login = FakeRegistry.Login.TOKEN;
        registry.drips = "/token";

        fails(Code.TIMEOUT, registry.name(), "not whole after 0.2 s");
    }

    @Test
    void anErrorThatNeverEndsIsGivenUp() throws Exception {
        registry.drips = "/v2/app/manifests/";
        registry.dripStatus = 500;

        fails(Code.TIMEOUT, registry.name(), "not whole after 0.2 s");
    }

    @Test
    void aFirstAnswerThatNeverEndsIsNotReadToItsEnd() throws Exception {
        registry.drips = "/v2/";

        fails(Code.TIMEOUT, registry.name());
    }

    @Test
    void aDownloadThatDripsIsGivenUp() throws Exception {
        registry.drips = "/v2/app/blobs/" + large;

        fails(Code.UNAVAILABLE, registry.name());
    }

    @Test
    void tooManyLayersAreRefusedBeforeAnythingIsFetched() throws Exception {
        ImageManifest manifest = ImageManifest.fromJson(image.manifest());
        promise(
                manifest,
                Stream.generate(() -> manifest.layers().getFirst()).limit(500).toList());

        fails(Code.UNSUPPORTED, "500 layers", "at most 499");
        assertThat(registry.requests).noneMatch(r -> r.contains("/blobs/"));
    }

    @Test
    void moreBytesThanTheLimitAreRefusedBeforeAnythingIsFetched() throws Exception {
        ImageManifest manifest = ImageManifest.fromJson(image.manifest());
        promise(
                manifest,
                manifest.layers().stream()
                        .map(layer -> Descriptor.of(layer.mediaType(), layer.digest(), 40L << 30))
                        .toList());

        fails(Code.UNSUPPORTED, "more than 65536 MB");
        assertThat(registry.requests).noneMatch(r -> r.contains("/blobs/"));
    }

    private void promise(ImageManifest manifest, List<Descriptor> layers) {
        registry.manifest(
                "1",
                MediaTypes.MANIFEST,
                ImageManifest.of(manifest.config(), layers).toJson());
    }

    @Test
    void aDownloadLeavesTheReserveFree() throws Exception {
        byte[] noise = new byte[20 << 20];
        new Random(2).nextBytes(noise);
        registry.with(TestImage.of(tar().entry("noise", '0', "", 0644, noise).build()), "1");
        Path small = Files.createDirectories(state.file("small"));
        Trees.run(List.of("mount", "-t", "tmpfs", "-o", "size=24m", "hako-test", small.toString()));
        try {
            store = new ImageStore(small, new UnpackLimits(1 << 30, 1000, 50, 1 << 30, 12 << 20));

            fails(Code.NO_SPACE, "MB left", "free some space");
            try (var partial = Files.list(small.resolve("partial"))) {
                assertThat(partial).allMatch(file -> file.toFile().length() <= 17 << 20);
            }
        } finally {
            Trees.run(List.of("umount", small.toString()));
        }
    }

    @Test
    void aHostThatDoesNotExistIsSaidAtOnce() {
        Instant start = Instant.now();

        assertThatThrownBy(() -> store.pull("nowhere.invalid/app:1", Progress.NONE))
                .hasMessage("connect to registry nowhere.invalid: cannot resolve host nowhere.invalid");
        assertThat(Duration.between(start, Instant.now())).isLessThan(Duration.ofSeconds(2)); // retries take three more
    }

    @Test
    void aRegistryThatRefusesTheFirstConnectionIsNotAskedAgain() {
        String name = registry.name().replace("127.0.0.1", "0.0.0.0"); // no loopback address by name: HTTPS, no probe
        registry.close();
        Instant start = Instant.now();

        assertThatThrownBy(() -> store.pull(name + "/app:1", Progress.NONE))
                .hasMessageContainingAll("connect to registry " + name, "refused");
        assertThat(Duration.between(start, Instant.now())).isLessThan(Duration.ofSeconds(2));
    }

    @Test
    void beginningsOfDownloadsTakeNoMoreThanTheirShare() throws Exception {
        for (int age = 0; age < 3; age++) {
            Path file = store.partial().resolve("sha256-" + age);
            try (var sparse = new RandomAccessFile(file.toFile(), "rw")) {
                sparse.setLength(4L << 30);
            }
            Files.setLastModifiedTime(file, FileTime.from(Instant.now().minus(Duration.ofHours(age))));
        }

        store.collect();

        assertThat(store.partial())
                .isDirectoryNotContaining("glob:**sha256-2")
                .isDirectoryContaining("glob:**sha256-1");
    }
}
