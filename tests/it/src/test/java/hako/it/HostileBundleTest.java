package hako.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Bundles and calls of {@code hako-runtime} that are broken, or meant to break out: each is refused as runc does, and leaves nothing. */
@VmTest
class HostileBundleTest {
    @RegisterExtension
    static final SharedNode shared = SharedNode.create();

    private final HakoNode node = shared.node();
    private final Bundle bundle = Bundle.script("true");
    private final String folder = bundle.folder().toString();

    @AfterEach
    void nothingIsLeft() {
        List<String> left = runtime("list", "--quiet").ok().lines();
        left.forEach(id -> runtime("delete", "--force", id));
        node.awaitNoTraces();
        bundle.close();
        assertThat(left).isEmpty();
    }

    private Result runtime(String... arguments) {
        return node.runtime(arguments).run();
    }

    private void assertRefused(String message) {
        assertThat(node.unheardRuntime("create", "--bundle", folder, "web")
                        .run()
                        .exitCode())
                .as(configuration())
                .isEqualTo(1);
        assertThat(runtime("create", "--bundle", folder, "web").exits(1).err())
                .contains(message)
                .doesNotContain("Exception")
                .hasSizeLessThan(2000);
        assertThat(runtime("state", "web").exits(1).err()).contains("container does not exist");
    }

    private String configuration() {
        return Temporary.read(bundle.folder().resolve("config.json"));
    }

    @Test
    void aConfigurationThatIsNoneIsRefused() {
        String good = configuration();
        for (String bad : List.of(
                "",
                "{",
                "null",
                "[]",
                "\u0000",
                "[".repeat(100_000),
                good.replace("\"args\": [", "\"args\": [{}, "),
                good.replace("\"mounts\": [", "\"mounts\": [5, "),
                good.replace("\"linux\": {", "\"linux\": [], \"x\": {"),
                good.replace("\"uid\": 0", "\"uid\": \"root\""))) {
            bundle.write(bad);
            assertRefused("config.json");
        }
        bundle.write(" ".repeat(17 << 20) + good);
        assertRefused("longer than 16 MiB");
        bundle.write(good.replace("\"1.0.2\"", "\"0.1.0\""));
        assertRefused("unsupported ociVersion");
    }

    @Test
    void whatIsMissingInAConfigurationIsNamed() {
        String good = configuration();
        for (String bad : List.of(
                good.replace("\"mounts\": [", "\"mounts\": [null, "),
                good.replace("\"mounts\": [", "\"mounts\": [{\"type\": \"tmpfs\"}, "),
                good.replace("\"namespaces\": [", "\"namespaces\": [null, "),
                good.replace("\"namespaces\": [", "\"devices\": [null], \"namespaces\": ["),
                good.replace("\"namespaces\": [", "\"devices\": [{\"type\": \"b\"}], \"namespaces\": ["),
                good.replace("\"uid\": 0", "\"uid\": -1"),
                good.replace(
                        "\"mounts\": [",
                        "\"mounts\": [{\"destination\": \"/x\", \"type\": \"bind\", \"source\": \"a\\u0000b\"}, "),
                good.replace("\"namespaces\": [", "\"resources\": {\"devices\": [null]}, \"namespaces\": ["))) {
            bundle.write(bad);
            assertRefused("");
        }
    }

    @Test
    void whatIsUnknownInAConfigurationIsIgnored() {
        bundle.write(configuration().replace("\"linux\": {", "\"vm\": {\"x\": [1]}, \"linux\": {\"intelRdt\": {}, "));
        runtime("run", "--bundle", folder, "web").ok();
    }

    @Test
    void aRootThatIsALinkIsRefused() {
        Path link = bundle.folder().resolve("link");
        Temporary.link(link, Path.of("/"));
        bundle.edit("\"rootfs\"", "\"link\"");
        assertRefused("invalid rootfs: not an absolute path, or a symlink");
        bundle.edit("\"link\"", "\"" + link + "/etc\"");
        assertRefused("invalid rootfs: not an absolute path, or a symlink");
        bundle.edit("\"" + link + "/etc\"", "\"nothing\"");
        assertRefused("invalid rootfs");
    }

    @Test
    void aMountThatWouldLeaveTheRootStaysInIt() {
        Temporary.link(bundle.root().resolve("out"), Path.of("/../../.."));
        Temporary.link(bundle.root().resolve("up"), Path.of("../../../.."));
        String mount = "{\"destination\": \"%s\", \"type\": \"tmpfs\", \"source\": \"tmpfs\"}, ";
        bundle.runs("sh", "-c", "for d in one two three; do touch /hk-$d/file || exit 1; done")
                .edit(
                        "\"mounts\": [",
                        "\"mounts\": [" + mount.formatted("/out/hk-one") + mount.formatted("/up/hk-two")
                                + mount.formatted("/../../../hk-three"));
        runtime("run", "--bundle", folder, "web").ok();
        for (String name : List.of("hk-one", "hk-two", "hk-three")) {
            assertThat(bundle.root().resolve(name)).isEmptyDirectory();
            for (Path above = bundle.folder(); above != null; above = above.getParent()) {
                assertThat(Files.exists(above.resolve(name)))
                        .as(above + "/" + name)
                        .isFalse();
            }
        }
    }

    @Test
    void aSocketForTheTerminalThatNobodyAnswers() throws IOException {
        bundle.configure(true, "", "sleep", "1000");
        Path closed = bundle.folder().resolve("closed");
        try (ServerSocketChannel gone = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            gone.bind(UnixDomainSocketAddress.of(closed));
        }
        for (Path path : List.of(closed, bundle.folder().resolve("config.json"), bundle.folder())) {
            assertThat(runtime("create", "--bundle", folder, "--console-socket", path.toString(), "web")
                            .exits(1)
                            .err())
                    .contains("console socket");
        }
        Path silent = bundle.folder().resolve("silent");
        try (ServerSocketChannel listening = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            listening.bind(UnixDomainSocketAddress.of(silent));
            node.unheardRuntime("create", "--bundle", folder, "--console-socket", silent.toString(), "web")
                    .run()
                    .ok();
            runtime("start", "web").ok();
            runtime("delete", "--force", "web").ok();
        }
    }

    @Test
    void aVerbThatDoesNotFitTheStateIsRefused() {
        bundle.runs("sleep", "1000");
        node.unheardRuntime("create", "--bundle", folder, "web").run().ok();
        assertThat(runtime("create", "--bundle", folder, "web").exits(1).err())
                .contains("container with given ID already exists");
        runtime("start", "web").ok();
        assertThat(runtime("start", "web").exits(1).err()).contains("cannot start an already running container");
        runtime("kill", "web", "KILL").ok();
        Await.until(
                "its end",
                HakoNode.CLEAN_UP,
                () -> runtime("state", "web").out().contains("\"stopped\""));
        assertThat(runtime("exec", "web", "true").exits(255).err()).contains("cannot exec in a stopped container");
        assertThat(runtime("start", "web").exits(1).err()).contains("cannot start a container that has stopped");
        runtime("delete", "web").ok();
        for (String verb : List.of("start", "kill", "delete", "pause", "ps")) {
            assertThat(runtime(verb, "web").exits(1).err()).contains("container does not exist");
        }
    }

    @Test
    void anIdThatWouldBeAPathIsRefused() {
        for (String id : List.of("a/b", "../web", "..", ".", "a b", "a\nb", "", "é")) {
            assertThat(runtime("create", "--bundle", folder, id).exits(1).err()).contains("container ID");
        }
    }

    @Test
    void aLogThatCannotBeWrittenIsNoReasonToGoOn() {
        for (String log : List.of("/none/log", folder)) {
            assertThat(runtime("--log", log, "create", "--bundle", folder, "web")
                            .exits(1)
                            .err())
                    .contains(log);
        }
    }
}
