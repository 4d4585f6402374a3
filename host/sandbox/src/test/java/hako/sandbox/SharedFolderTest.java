package hako.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import hako.linux.HostFiles;
import hako.linux.Mounts;
import hako.linux.Mounts.ReadOnly;
import hako.vm.Device;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SharedFolderTest {
    @TempDir
    Path directory;

    private Path sandbox;
    private Path volume;
    private SharedFolder folder;

    @BeforeEach
    void make() throws Exception {
        sandbox = Files.createDirectory(directory.resolve("sandbox"));
        volume = Files.createDirectory(directory.resolve("volume"));
        Files.writeString(volume.resolve("f"), "x");
        folder = new SharedFolder(sandbox);
    }

    @AfterEach
    void remove() {
        SharedFolder.remove(sandbox);
        assertThat(sandbox).doesNotExist();
        assertThat(volume.resolve("f")).hasContent("x");
    }

    private String bind(String user, Path source, boolean readOnly) {
        return folder.bind(user, HostFiles.OURS, source, readOnly ? ReadOnly.ALL : ReadOnly.NOTHING)
                .guestPath();
    }

    private Path onHost(String guestPath) {
        return sandbox.resolve("shared").resolve(guestPath.substring(guestPath.lastIndexOf('/') + 1));
    }

    @Test
    void whatTwoContainersHaveIsOneAndGoesWithTheSecond() {
        String first = bind("a", volume, false);
        String second = bind("b", volume, true);
        assertThat(second).as("one that may be written can be shown read-only").isEqualTo(first);
        assertThat(onHost(first).resolve("f")).hasContent("x");

        folder.release("a");
        assertThat(onHost(first).resolve("f")).hasContent("x");
        folder.release("b");
        assertThat(onHost(first)).doesNotExist();
        assertThat(folder.entries()).isEmpty();
        assertThat(bind("c", volume, false)).as("a name of its own").isNotEqualTo(first);
    }

    @Test
    void aLinkThatAGuestPutsOnTheWayIsNotFollowedWhenItIsTakenOut() throws Exception {
        Path source = Files.createDirectory(directory.resolve("source"));
        Path below = Files.createDirectories(volume.resolve("a/b"));
        Path hosts = Files.createDirectories(directory.resolve("hosts/b"));
        Mounts.bind(source, below, false);
        Mounts.bind(source, hosts, false);
        try {
            Path shared = onHost(bind("a", volume, false));
            Files.move(shared.resolve("a"), shared.resolve("moved"));
            Files.createSymbolicLink(shared.resolve("a"), hosts.getParent());

            folder.release("a");

            assertThat(shared).doesNotExist();
            assertThat(Mounts.isMountPoint(hosts)).isTrue();
        } finally {
            Mounts.unmount(hosts, true);
            Mounts.unmount(volume.resolve("moved/b"), true);
        }
    }

    @Test
    void whatIsReadOnlyStaysSoWhereAnotherMayWrite() {
        Path readOnly = onHost(bind("a", volume, true));
        Path writable = onHost(bind("b", volume, false));

        assertThat(writable).isNotEqualTo(readOnly);
        assertThatThrownBy(() -> Files.writeString(readOnly.resolve("g"), "y")).hasMessageContaining("Read-only");
    }

    @Test
    void theSameDirectoryByAReadOnlyMountIsNotTheSame() throws Exception {
        Path sealed = Files.createDirectory(directory.resolve("sealed"));
        Mounts.bind(volume, sealed, true);
        try {
            Path writable = onHost(bind("a", volume, false));
            Path readOnly = onHost(bind("b", sealed, false));

            assertThat(readOnly).isNotEqualTo(writable);
            assertThatThrownBy(() -> Files.writeString(readOnly.resolve("g"), "y"))
                    .hasMessageContaining("Read-only");
            assertThat(onHost(bind("c", sealed, true)))
                    .as("shown read-only it makes no difference")
                    .isEqualTo(writable);
        } finally {
            Mounts.unmount(sealed, true);
        }
    }

    @Test
    void theSameDirectoryWithOtherMountsBelowIsNotTheSame() throws Exception {
        Path below = Files.createDirectory(volume.resolve("below"));
        Path source = Files.createDirectory(directory.resolve("source"));
        Files.writeString(source.resolve("deep"), "y");
        Path without = onHost(bind("a", volume, false));
        Mounts.bind(source, below, false);
        try {
            Path with = onHost(bind("b", volume, false));

            assertThat(with).isNotEqualTo(without);
            assertThat(with.resolve("below/deep")).hasContent("y");
            assertThat(without.resolve("below")).isEmptyDirectory();
            assertThat(onHost(bind("c", volume, false))).isEqualTo(with);
        } finally {
            Mounts.unmount(below, true);
        }
        assertThat(onHost(bind("d", volume, false))).isEqualTo(without);
    }

    @Test
    void whatIsReadOnlyAtItsTopAloneIsToldFromWhatIsThroughout() throws Exception {
        assertThat(folder.bind("a", HostFiles.OURS, volume, ReadOnly.TOP).readOnly())
                .isEqualTo(ReadOnly.ALL);
        Path below = Files.createDirectory(volume.resolve("below"));
        Mounts.bind(Files.createDirectory(directory.resolve("source")), below, false);
        try {
            SharedFolder.Shown shown = folder.bind("b", HostFiles.OURS, volume, ReadOnly.TOP);
            assertThat(shown.readOnly()).isEqualTo(ReadOnly.TOP);
            Files.writeString(onHost(shown.guestPath()).resolve("below/g"), "y");
        } finally {
            Mounts.unmount(below, true);
        }
    }

    @Test
    void aContainersFileIsFoundByItsSource() throws Exception {
        Path file = Files.writeString(directory.resolve("resolv.conf"), "text");
        Path shared = onHost(bind("a", file, false));
        assertThat(folder.shown("a", file.toString())).contains(shared);
        assertThat(folder.shown("b", file.toString())).isEmpty();
    }

    @Test
    void nothingCanBeMadeOrRemovedBesideWhatIsShared() throws Exception {
        Path file = Files.writeString(directory.resolve("file"), "text");
        Path shared = onHost(bind("a", file, false));

        assertThat(shared).hasContent("text");
        assertThatThrownBy(() -> Files.createDirectory(shared.resolveSibling("more")))
                .hasMessageContaining("Read-only");
        assertThatThrownBy(() -> Files.delete(shared)).isInstanceOf(java.io.IOException.class);
    }

    @Test
    void aLaterDaemonTakesOutWhatIsNobodysAndWhatWasNotWrittenDown() {
        Path kept = onHost(bind("a", volume, false));
        List<SharedEntry> written = folder.entries();
        Path forgotten = onHost(bind("b", directory, false));

        SharedFolder later = new SharedFolder(sandbox, written, true);
        later.keepFor(List.of("a"));
        assertThat(Mounts.isMountPoint(kept)).isTrue();
        assertThat(forgotten).doesNotExist();
        assertThat(later.unplugged()).isEmpty();
        later.keepFor(List.of());
        assertThat(kept).doesNotExist();
    }

    @Test
    void itIsPluggedOnceAndNotBeforeThereIsSomethingInIt() {
        assertThat(folder.unplugged()).isEmpty();
        bind("a", volume, false);
        assertThat(folder.unplugged()).contains(new Device.SharedDirectory("shared", sandbox.resolve("shared")));
        folder.isPlugged();
        assertThat(folder.unplugged()).isEmpty();
    }
}
