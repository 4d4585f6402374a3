package hako.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** On a tmpfs of its own (overlays need one that can be an upper layer), which takes everything with it at the end. */
class MountsTest {
    @TempDir
    Path temporary;

    private Path dir;

    @BeforeEach
    void mountTmpfs() throws Exception {
        dir = Files.createDirectory(temporary.toRealPath().resolve("a tmpfs"));
        Mounts.mount("tmpfs", dir, "tmpfs", Mounts.MS_NODEV, "size=4m");
    }

    @AfterEach
    void unmountAll() {
        Mounts.unmountAll(temporary.toAbsolutePath());
        assertThat(Mounts.below(temporary)).isEmpty();
    }

    @Test
    void aMountPointIsKnownAsSuch() throws Exception {
        assertThat(Mounts.isMountPoint(dir)).isTrue();
        assertThat(Mounts.isMountPoint(temporary)).isFalse();
        assertThat(Mounts.isMountPoint(dir.resolve("nothing"))).isFalse();
        assertThat(Mounts.below(temporary)).singleElement().satisfies(mount -> {
            assertThat(mount.path()).as("with the blank in its name").isEqualTo(dir);
            assertThat(mount.type()).isEqualTo("tmpfs");
            assertThat(mount.readOnly()).isFalse();
        });
    }

    @Test
    void aReadOnlyBindRefusesWrites() throws Exception {
        Path source = Files.createDirectory(dir.resolve("source"));
        Files.writeString(source.resolve("f"), "x");
        Path target = Files.createDirectory(dir.resolve("target"));
        Mounts.bind(source, target, true);
        assertThat(target.resolve("f")).hasContent("x");
        assertThatThrownBy(() -> Files.writeString(target.resolve("f"), "y")).hasMessageContaining("Read-only");
        Files.writeString(source.resolve("f"), "z");
        Mounts.unmount(target, false);
        assertThat(target).isEmptyDirectory();
    }

    @Test
    void setUserIdBitsAndDevicesMeanNothingInABind() throws Exception {
        Path source = Files.createDirectory(dir.resolve("source"));
        Path below = Files.createDirectory(source.resolve("below"));
        Mounts.mount("tmpfs", below, "tmpfs", 0, "size=1m");
        Path program = Files.copy(Path.of("/usr/bin/id"), source.resolve("id"));
        run("chown", "65534", program.toString());
        run("chmod", "4755", program.toString());
        run("mknod", below.resolve("null").toString(), "c", "1", "3");
        Path target = Files.createDirectory(dir.resolve("target"));

        Mounts.bind(source, target, false);

        assertThat(run(program.toString(), "-u"))
                .as("on the mount it was made on")
                .isEqualTo("65534\n");
        assertThat(run(target.resolve("id").toString(), "-u")).isEqualTo("0\n");
        assertThatThrownBy(() -> Files.writeString(target.resolve("below/null"), "x"))
                .isInstanceOf(AccessDeniedException.class);
        Files.writeString(target.resolve("f"), "still writable");
    }

    @Test
    void whatIsBoundLaterShowsInTheCopyOfAnotherMountNamespaceAndGoesThereToo() throws Exception {
        Path source = Files.createDirectory(dir.resolve("source"));
        Path below = Files.createDirectory(source.resolve("below"));
        Mounts.mount("tmpfs", below, "tmpfs", 0, "size=1m");
        Path places = Files.createDirectory(dir.resolve("places"));
        Path place = Files.createDirectory(places.resolve("one"));
        Path shared = Files.createDirectory(dir.resolve("shared"));
        Mounts.bind(places, shared, true);
        Process other = new ProcessBuilder("unshare", "--mount", "--propagation", "slave", "sleep", "60").start();
        try {
            Path theirs = Path.of("/proc", String.valueOf(other.pid()), "root" + shared);
            await(() -> !Files.readSymbolicLink(Path.of("/proc", String.valueOf(other.pid()), "ns/mnt"))
                    .equals(Files.readSymbolicLink(Path.of("/proc/self/ns/mnt"))));

            Mounts.bind(source, shared.resolve("one"), false);
            Files.writeString(below.resolve("f"), "x");
            assertThat(theirs.resolve("one/below/f")).hasContent("x");
            assertThatThrownBy(() -> Files.createDirectory(shared.resolve("two")))
                    .hasMessageContaining("Read-only");
            assertThat(place).as("where it is not mounted").isEmptyDirectory();

            Mounts.unmountAll(shared.resolve("one"));
            assertThat(theirs.resolve("one")).isEmptyDirectory();
        } finally {
            other.destroyForcibly().waitFor();
        }
    }

    /** The kernel lists mounts in the order they were made. */
    @Test
    void whatWasMadeFirstAndAttachedLastGoesFirst() throws Exception {
        Path source = Files.createDirectories(dir.resolve("source/below"));
        try (MountTree tree = MountTree.copy(source)) {
            Mounts.bind(source.getParent(), source.getParent(), false);
            tree.attach(source, Mounts.ReadOnly.ALL);
        }
        Mounts.unmountAll(source.getParent());
        assertThat(Mounts.below(source.getParent())).isEmpty();
    }

    private static void await(java.util.concurrent.Callable<Boolean> condition) throws Exception {
        long deadline = System.nanoTime() + 5_000_000_000L;
        while (!condition.call()) {
            assertThat(System.nanoTime()).as("in time").isLessThan(deadline);
            Thread.sleep(5);
        }
    }

    private static String run(String... line) throws Exception {
        Process process = new ProcessBuilder(line).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(said).isZero();
        return said;
    }

    @Test
    void aFileIsBoundToAFile() throws Exception {
        Path source = Files.writeString(dir.resolve("source"), "x");
        Path target = Files.createFile(dir.resolve("target"));
        Mounts.bind(source, target, false);
        assertThat(target).hasContent("x");
    }

    @Test
    void anOverlayShowsItsUppermostLayerFirst() throws Exception {
        Path low = layer("low", "low");
        Path high = layer("high: with, odd \\ name", "high");
        Path upper = Files.createDirectory(dir.resolve("upper"));
        Path work = Files.createDirectory(dir.resolve("work"));
        Path merged = Files.createDirectory(dir.resolve("merged"));
        Mounts.overlay(List.of(high, low), upper, work, merged);
        assertThat(merged.resolve("f")).hasContent("high");
        Files.writeString(merged.resolve("f"), "changed");
        assertThat(upper.resolve("f")).hasContent("changed");
        assertThat(high.resolve("f")).hasContent("high");
    }

    @Test
    void setUserIdBitsAndDevicesMeanNothingInAnOverlay() throws Exception {
        Path merged = Files.createDirectory(dir.resolve("merged"));
        Mounts.overlay(List.of(layer("high", "1"), layer("low", "2")), null, null, merged);
        assertThat(Mounts.below(merged))
                .singleElement()
                .satisfies(mount -> assertThat(mount.options()).contains("nosuid", "nodev"));
    }

    @Test
    void aHundredLayersFit() throws Exception {
        List<Path> layers = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            layers.add(layer("a-layer-with-a-long-name-so-that-they-do-not-fit-in-a-page-" + i, "" + i));
        }
        Path merged = Files.createDirectory(dir.resolve("merged"));
        Mounts.overlay(layers, null, null, merged);
        assertThat(merged.resolve("f")).hasContent("0");
    }

    @Test
    void oneLayerAloneIsShownReadOnly() throws Exception {
        Path merged = Files.createDirectory(dir.resolve("merged"));
        Mounts.overlay(List.of(layer("only", "text")), null, null, merged);
        assertThat(merged.resolve("f")).hasContent("text");
        assertThat(Mounts.below(merged))
                .singleElement()
                .satisfies(m -> assertThat(m.readOnly()).isTrue());
    }

    @Test
    void aFailureSaysWhatWasTried() {
        assertThatThrownBy(() -> Mounts.mount("none", dir, "nosuchfs", 0, ""))
                .hasMessage("mount nosuchfs none on " + dir + ": No such device (ENODEV)");
        assertThatThrownBy(() -> Mounts.unmount(dir.resolve("x"), false)).hasMessageEndingWith("(ENOENT)");
    }

    private Path layer(String name, String text) throws Exception {
        Path layer = Files.createDirectory(dir.resolve(name));
        Files.writeString(layer.resolve("f"), text);
        return layer;
    }
}
