package hako.cgroup;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import hako.base.HakoException;
import hako.base.Undo;
import hako.spec.LinuxResources;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** With this host's own cgroups, of whichever version. */
class CgroupTest {
    private static final Duration SOON = Duration.ofSeconds(5);

    private final String path = "/hako-test-" + ProcessHandle.current().pid() + "/a";
    private final Cgroup cgroup = Cgroup.named(path, 1);

    @TempDir
    Path directory;

    @AfterEach
    void remove() throws InterruptedException {
        assertThat(Cgroup.named(path.replace("/a", ""), 1).remove(SOON)).isTrue();
    }

    private List<Path> folders() {
        return cgroup.toString().lines().map(Path::of).toList();
    }

    private static LinuxResources pids(String limit) {
        return LinuxResources.fromJson(
                "{\"pids\": {\"limit\": %s}}".formatted(limit).getBytes(UTF_8));
    }

    private String most() throws IOException {
        for (Path folder : folders()) {
            if (Files.exists(folder.resolve("pids.max"))) {
                return Files.readString(folder.resolve("pids.max")).strip();
            }
        }
        throw new AssertionError("this host limits no processes");
    }

    @Test
    void aPathOfSeveralLinesIsRefused() {
        assertThatThrownBy(() -> Cgroup.named("/a\n/sys/fs/cgroup", 1))
                .hasMessageContaining("cgroupsPath \"/a?/sys/fs/cgroup\": it has control characters");
    }

    @Test
    void itIsMadeAndRemovedInEveryHierarchy() throws InterruptedException {
        cgroup.make();
        cgroup.make();
        assertThat(folders()).isNotEmpty().allMatch(Files::isDirectory);
        assertThat(cgroup.isFrozen()).isFalse();
        assertThat(Cgroup.parse(cgroup.toString())).hasToString(cgroup.toString());

        assertThat(cgroup.remove(SOON)).isTrue();
        assertThat(folders()).noneMatch(Files::exists);
        assertThat(cgroup.remove(SOON)).isTrue();
        assertThat(cgroup.processes()).isZero();
    }

    @Test
    void aProcessJoinsItAndKeepsItUntilItEnds() throws IOException, InterruptedException {
        cgroup.make();
        Process sleeper = new ProcessBuilder("sleep", "1000").start();
        try {
            cgroup.join(sleeper.pid());
            cgroup.join(sleeper.pid());
            assertThat(cgroup.processes()).isEqualTo(1);
            assertThat(cgroup.remove(Duration.ofMillis(50))).isFalse();
        } finally {
            sleeper.destroyForcibly().waitFor();
        }
        assertThat(cgroup.remove(SOON)).isTrue();
    }

    @Test
    void limitsAreTakenBackWhereTheRestFails() throws IOException {
        cgroup.make();
        try (Undo undo = new Undo()) {
            cgroup.limit(pids("7"), undo);
            undo.release();
        }
        assertThat(most()).isEqualTo("7");
        try (Undo undo = new Undo()) {
            cgroup.limit(pids("9"), undo);
            assertThat(most()).isEqualTo("9");
        }
        assertThat(most()).isEqualTo("7");
    }

    @Test
    void whatTheKernelRefusesIsSaid() {
        cgroup.make();
        LinuxResources wrong = LinuxResources.fromJson("{\"cpu\": {\"cpus\": \"100000\"}}".getBytes(UTF_8));
        try (Undo undo = new Undo()) {
            assertThatThrownBy(() -> cgroup.limit(wrong, undo))
                    .isInstanceOf(HakoException.class)
                    .hasMessageContaining("set cpuset.cpus of cgroup")
                    .hasMessageContaining("to \"100000\"");
        }
    }

    /** As of version 2, with a plain directory for it. */
    @Test
    void controllersAreEnabledOnTheWay() throws IOException {
        Files.writeString(directory.resolve("cgroup.controllers"), "cpu memory");
        Files.writeString(directory.resolve("cgroup.subtree_control"), "cpu");
        Hierarchy hierarchy = new Hierarchy(directory, java.util.Set.of());
        new Folder(hierarchy, directory.resolve("a")).make();
        assertThat(directory.resolve("a")).isDirectory();
        assertThat(directory.resolve("cgroup.subtree_control")).hasContent("+memory");
    }
}
