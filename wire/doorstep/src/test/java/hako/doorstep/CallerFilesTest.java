package hako.doorstep;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import hako.base.HakoException;
import hako.linux.Errno;
import hako.linux.Fd;
import hako.linux.HostFiles;
import hako.linux.LinuxException;
import hako.linux.MountTree;
import hako.linux.Mounts;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The caller is a shell in a mount namespace of its own, where a folder of this test's has another file system. */
class CallerFilesTest {
    @TempDir
    Path temporary;

    private Path folder;
    private Process caller;
    private Fd root;

    @BeforeEach
    void start() throws IOException {
        folder = Files.createDirectory(temporary.toRealPath().resolve("folder"));
        Files.writeString(folder.resolve("file"), "ours");
        caller = shell("mount -t tmpfs none " + folder + " && printf theirs >" + folder + "/file");
        root = Fd.open(Path.of("/proc", Long.toString(caller.pid()), "root"), Fd.O_PATH, 0);
    }

    /** Is there, and has done so. */
    private static Process shell(String script) throws IOException {
        Process shell = new ProcessBuilder("unshare", "--mount", "sh", "-ec", script + "; echo done; read end").start();
        assertThat(new BufferedReader(shell.inputReader()).readLine()).isEqualTo("done");
        return shell;
    }

    @AfterEach
    void end() throws InterruptedException {
        root.close();
        caller.destroy();
        caller.waitFor();
        Mounts.unmountAll(temporary);
    }

    private HostFiles files(long pid) {
        return new CallerFiles(CallerPaths.of(pid, root, root), pid, root);
    }

    private HostFiles files() {
        return files(caller.pid());
    }

    @Test
    void whatTheCallerHasMountedIsMountedHere() throws IOException {
        Path place = Files.createDirectory(temporary.resolve("place"));
        try (MountTree tree = files().tree(folder)) {
            tree.attach(place, Mounts.ReadOnly.NOTHING);
        }
        assertThat(place.resolve("file")).hasContent("theirs");
        assertThat(folder.resolve("file")).hasContent("ours");
    }

    @Test
    void pathsAreTheCallersAndSoAreThePrograms() throws IOException {
        Files.createSymbolicLink(temporary.resolve("link"), folder);
        assertThat(files().real(temporary.resolve("link/file"))).isEqualTo(folder.resolve("file"));
        try (Fd file = files().open(temporary.resolve("link/file"))) {
            assertThat(Files.readString(file.path())).isEqualTo("theirs");
        }
        assertThat(files().<String>within(() -> read(folder.resolve("file")))).isEqualTo("theirs");
        assertThat(folder.resolve("file")).as("of this thread").hasContent("ours");
        assertThatThrownBy(() -> files().real(folder.resolve("none"))).isInstanceOf(IOException.class);
    }

    /** As it is when a pid has become another process's. */
    @Test
    void theNamespaceOfAnybodyElseIsOfNoUse() throws Exception {
        Process other = shell("true");
        try {
            assertThatThrownBy(() -> files(other.pid()).tree(folder))
                    .isInstanceOfSatisfying(
                            LinuxException.class, e -> assertThat(e.errno()).isEqualTo(Errno.EINVAL));
        } finally {
            other.destroy();
            other.waitFor();
        }
        assertThatThrownBy(() -> files(other.pid()).tree(folder))
                .isInstanceOf(HakoException.class)
                .hasMessageContaining("cannot be shared with a VM");
    }

    @Test
    void aProgramThatIsNotThereIsNoQuestionOfRights() {
        assertThatThrownBy(() -> files().within(() -> Fd.open(folder.resolve("none"), Fd.O_PATH, 0)))
                .isInstanceOfSatisfying(
                        LinuxException.class, e -> assertThat(e.errno()).isEqualTo(Errno.ENOENT));
    }

    /** A descriptor's name is nothing that a caller with other mounts can have shared. */
    @Test
    void noMagicLinkIsFollowed() {
        assertThatThrownBy(() -> files().tree(Path.of("/proc/self/root/etc")))
                .isInstanceOfSatisfying(
                        LinuxException.class, e -> assertThat(e.errno()).isEqualTo(Errno.ELOOP));
    }

    @Test
    void aCallerInWhoseNamespaceThereAreNoRightsIsRefused() throws Exception {
        String java = Path.of(System.getProperty("java.home"), "bin/java").toString();
        Process daemon = new ProcessBuilder(
                        "unshare",
                        "--user",
                        "--map-root-user",
                        java,
                        "-cp",
                        System.getProperty("java.class.path"),
                        Elsewhere.class.getName(),
                        Long.toString(caller.pid()))
                .start();
        assertThat(daemon.inputReader().readLine())
                .startsWith(
                        "the caller's files cannot be shared with a VM: hakod has no rights in its mount namespace: ");
        assertThat(daemon.waitFor()).isZero();
    }

    /** A daemon in a user namespace of its own. */
    static final class Elsewhere {
        public static void main(String[] arguments) {
            long pid = Long.parseLong(arguments[0]);
            try (Fd root = Fd.open(Path.of("/"), Fd.O_PATH, 0)) {
                new CallerFiles(CallerPaths.of(pid, root, root), pid, root).tree(Path.of("/etc"));
            } catch (HakoException e) {
                System.out.println(e.getMessage());
            }
        }
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
