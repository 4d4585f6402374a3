package hako.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import hako.base.HakoException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.time.Instant;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SafePathTest {
    @TempDir
    Path dir;

    private Path outside;
    private Path root;
    private SafePath tree;

    @BeforeEach
    void plant() throws Exception {
        outside = Files.createDirectory(dir.resolve("outside"));
        Files.writeString(outside.resolve("secret"), "untouched");
        root = Files.createDirectory(dir.resolve("root"));
        tree = SafePath.of(root);
    }

    @AfterEach
    void outsideIsUntouched() {
        tree.close();
        assertThat(outside.resolve("secret")).hasContent("untouched");
        assertThat(outside).isDirectoryContaining(p -> p.endsWith("secret"));
        assertThat(outside.toFile().list()).hasSize(1);
    }

    @Test
    void filesDirectoriesAndLinksAreMadeBelowTheRoot() throws Exception {
        tree.createDirectories("/usr/lib/x", 0755);
        write("usr/lib/x/f", "text");
        tree.createSymbolicLink("lib", "usr/lib");
        write("/lib/x/g", "through a link");
        tree.createHardLink("h", "lib/x/f");
        tree.createFifo("pipe", 0600);
        tree.createWhiteout("gone");

        assertThat(root.resolve("usr/lib/x/g")).hasContent("through a link");
        assertThat(root.resolve("h")).hasContent("text");
        assertThat(Files.getAttribute(root.resolve("h"), "unix:nlink")).isEqualTo(2);
        assertThat(Files.getAttribute(root.resolve("gone"), "unix:rdev")).isEqualTo(0L);
        assertThat(tree.exists("lib")).isTrue();
        assertThat(tree.exists("nothing")).isFalse();
        assertThat(tree.isDirectory("usr/lib")).isTrue();
        assertThat(tree.isDirectory("lib")).isFalse();
    }

    @Test
    void dotDotAndLinksStayInsideTheRoot() throws Exception {
        tree.createSymbolicLink("up", "../../outside");
        tree.createSymbolicLink("absolute", outside.toString());
        assertThatThrownBy(() -> write("up/evil", "x")).hasMessageContaining("ENOENT");
        assertThatThrownBy(() -> write("absolute/evil", "x")).hasMessageContaining("ENOENT");
        write("../../../etc", "stays inside");
        assertThat(root.resolve("etc")).hasContent("stays inside");
        assertThatThrownBy(() -> tree.createHardLink("stolen", "up/secret")).hasMessageContaining("ENOENT");
        assertThatThrownBy(() -> tree.createHardLink("stolen", outside + "/secret"))
                .hasMessageContaining("ENOENT");
    }

    @Test
    void aLinkInTheLastPlaceIsNeverFollowed() throws Exception {
        tree.createSymbolicLink("f", outside.resolve("secret").toString());
        assertThatThrownBy(() -> write("f", "overwritten")).hasMessageContaining("EEXIST");
        tree.attributes("f", 1234, 1234, 0777, Instant.EPOCH);
        assertThat(Files.getAttribute(root.resolve("f"), "unix:uid", LinkOption.NOFOLLOW_LINKS))
                .isEqualTo(1234);
        assertThat(Files.getAttribute(outside.resolve("secret"), "unix:uid")).isEqualTo(0);
        tree.remove("f");
        assertThat(tree.exists("f")).isFalse();
    }

    @Test
    void removingATreeFollowsNothing() throws Exception {
        tree.createDirectories("a/b/c", 0755);
        write("a/b/f", "x");
        tree.createSymbolicLink("a/b/out", outside.toString());
        tree.remove("a");
        tree.remove("a");
        tree.remove("never/was");
        assertThat(root).isEmptyDirectory();
    }

    @Test
    void ownerModeTimeAndExtendedAttributesAreSet() throws Exception {
        write("f", "x");
        Instant then = Instant.parse("2001-02-03T04:05:06.000000007Z");
        tree.attributes("f", 10, 20, 04755, then);
        Path f = root.resolve("f");
        assertThat(Files.getAttribute(f, "unix:uid")).isEqualTo(10);
        assertThat(Files.getAttribute(f, "unix:gid")).isEqualTo(20);
        assertThat((int) Files.getAttribute(f, "unix:mode") & 07777).isEqualTo(04755);
        assertThat(Files.getLastModifiedTime(f).toInstant()).isEqualTo(then);
        tree.extendedAttribute("f", "trusted.overlay.origin", new byte[] {1, 2});
    }

    @Test
    void pathsThatNameNothingAreRefused() {
        for (String path : new String[] {"", "/", "a/..", "..", ".", "a/."}) {
            assertThatThrownBy(() -> tree.createDirectory(path, 0755))
                    .as(path)
                    .isInstanceOfSatisfying(
                            HakoException.class, e -> assertThat(e.code()).isEqualTo(HakoException.Code.CORRUPT));
        }
        assertThatThrownBy(() -> tree.createDirectory("a\0b", 0755)).hasMessage("a NUL in a path: a?b");
    }

    private void write(String path, String text) {
        try (Fd fd = tree.createFile(path, 0644)) {
            Io.writeFully(fd, text.getBytes(StandardCharsets.UTF_8));
        }
    }
}
