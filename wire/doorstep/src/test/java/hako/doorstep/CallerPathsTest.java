package hako.doorstep;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import hako.base.HakoException;
import hako.linux.Fd;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The foreign caller's root is a directory made here: what a mount namespace or chroot looks like by descriptors. */
class CallerPathsTest {
    @TempDir
    Path temporary;

    private Path top;
    private Fd root;
    private Fd workingDirectory;

    @BeforeEach
    void makeRoot() throws IOException {
        top = Files.createDirectory(temporary.toRealPath().resolve("top"));
        Files.createDirectories(top.resolve("home/user"));
        Files.createDirectories(top.resolve("data"));
        Files.writeString(top.resolve("data/file"), "the caller's");
        Files.writeString(temporary.resolve("outside"), "not the caller's");
        root = Fd.open(top, Fd.O_PATH, 0);
        workingDirectory = Fd.open(top.resolve("home/user"), Fd.O_PATH, 0);
    }

    @AfterEach
    void close() {
        root.close();
        workingDirectory.close();
    }

    private CallerPaths shared() {
        return new CallerPaths(77, root, workingDirectory, true);
    }

    private CallerPaths foreign() {
        return new CallerPaths(77, root, workingDirectory, false);
    }

    private static void assertReads(Path path, String contents) throws IOException {
        assertThat(Files.readString(path)).isEqualTo(contents);
    }

    @Test
    void aDescriptorByItsNameIsTheCallersByAnyName() {
        for (CallerPaths paths : List.of(shared(), foreign())) {
            assertThat(paths.path("/dev/stdin")).isEqualTo(Path.of("/proc/77/fd/0"));
            assertThat(paths.path("/dev/stdout")).isEqualTo(Path.of("/proc/77/fd/1"));
            assertThat(paths.path("/dev/stderr")).isEqualTo(Path.of("/proc/77/fd/2"));
            assertThat(paths.path("/dev/fd/12")).isEqualTo(Path.of("/proc/77/fd/12"));
            assertThat(paths.path("/proc/./self/fd/3")).isEqualTo(Path.of("/proc/77/fd/3"));
            assertThat(paths.path("/proc/self/cwd/file")).isEqualTo(Path.of("/proc/77/cwd/file"));
        }
        assertThat(shared().path("/dev/fdx")).isEqualTo(Path.of("/dev/fdx"));
        assertThat(shared().path("/proc/selfish")).isEqualTo(Path.of("/proc/selfish"));
    }

    @Test
    void aCallerWhoSeesOurFilesMeansThem() {
        assertThat(shared().path("/etc/../etc/hosts")).isEqualTo(Path.of("/etc/../etc/hosts"));
        assertThat(shared().path("new/file")).isEqualTo(top.resolve("home/user/new/file"));
        assertThat(shared().path(".")).isEqualTo(top.resolve("home/user/."));
    }

    @Test
    void aDirectoryWithoutANameIsReachedByItsDescriptor() throws IOException {
        Files.delete(top.resolve("home/user"));
        assertThat(shared().path("x")).isEqualTo(workingDirectory.path().resolve("x"));
    }

    @Test
    void aForeignCallersPathsAreBelowItsRoot() throws IOException {
        assertReads(foreign().path("/data/file"), "the caller's");
        assertReads(foreign().path("/data/../data/./file"), "the caller's");
        assertReads(foreign().path("../../data/file"), "the caller's");
        assertThat(Files.isSameFile(foreign().path("/"), top)).isTrue();
        assertThat(Files.isSameFile(foreign().path("."), top.resolve("home/user")))
                .isTrue();
    }

    @Test
    void aForeignCallersLinksAreItsOwn() throws IOException {
        Files.createSymbolicLink(top.resolve("absolute"), Path.of("/data"));
        Files.createSymbolicLink(top.resolve("home/relative"), Path.of("../absolute/file"));

        assertReads(foreign().path("/absolute/file"), "the caller's");
        assertReads(foreign().path("../relative"), "the caller's");
    }

    @Test
    void nothingClimbsOutOfAForeignRoot() throws IOException {
        Files.createSymbolicLink(top.resolve("up"), Path.of("../../../../.."));
        for (String path : new String[] {"/../outside", "../../../outside", "/up/outside", "/data/../../outside"}) {
            assertThat(foreign().path(path)).isEqualTo(root.path().resolve("outside"));
        }
        Files.delete(top.resolve("up")); // JUnit warns of links that lead out
    }

    @Test
    void whatDoesNotExistStaysAsItIs() {
        assertThat(foreign().path("/data/new/er")).isEqualTo(root.path().resolve("data/new/er"));
    }

    @Test
    void aForeignDirectoryOutsideTheRootIsReachedByItsDescriptor() throws IOException {
        try (Fd outside = Fd.open(temporary, Fd.O_PATH, 0)) {
            assertReads(new CallerPaths(77, root, outside, false).path("outside"), "not the caller's");
        }
    }

    @Test
    void linksInACircleAreRefused() throws IOException {
        Files.createSymbolicLink(top.resolve("a"), Path.of("/b"));
        Files.createSymbolicLink(top.resolve("b"), Path.of("a"));
        assertThatThrownBy(() -> foreign().path("/a"))
                .isInstanceOf(HakoException.class)
                .hasMessageContaining("too many symbolic links");
    }

    @Test
    void whatIsNoPathIsRefused() {
        for (CallerPaths paths : new CallerPaths[] {shared(), foreign()}) {
            assertThatThrownBy(() -> paths.path("")).isInstanceOf(HakoException.class);
            assertThatThrownBy(() -> paths.path("a\0b"))
                    .isInstanceOf(HakoException.class)
                    .hasMessageContaining("is no path");
        }
    }

    @Test
    void thisProcessSharesOurFilesUnlessItsRootIsAnother() {
        long self = ProcessHandle.current().pid();
        try (Fd slash = Fd.open(Path.of("/"), Fd.O_PATH, 0)) {
            assertThat(CallerPaths.of(self, slash, slash).shared()).isTrue();
            assertThat(CallerPaths.of(self, root, slash).shared()).isFalse();
            assertThat(CallerPaths.of(Integer.MAX_VALUE, slash, slash).shared()).isFalse();
        }
    }
}
