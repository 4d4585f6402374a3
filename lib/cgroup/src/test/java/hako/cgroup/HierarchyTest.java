package hako.cgroup;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import hako.base.HakoException;
import hako.linux.MountPoint;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class HierarchyTest {
    private static final List<String> MEMBERSHIP =
            List.of("4:cpu,cpuacct:/mine/cpu", "1:name=systemd:/mine/systemd", "0::/mine/here");

    private static MountPoint mount(String type, String path, String root, String... superOptions) {
        return new MountPoint(Path.of(path), "0:1", root, type, type, List.of("rw"), List.of(superOptions));
    }

    private static final List<Hierarchy> ALL = Hierarchy.of(List.of(
            mount("tmpfs", "/sys/fs/cgroup", "/", "rw"),
            mount("cgroup", "/sys/fs/cgroup/cpu,cpuacct", "/", "rw", "cpu", "cpuacct"),
            mount("cgroup", "/sys/fs/cgroup/systemd", "/", "rw", "xattr", "release_agent=/x", "name=systemd"),
            mount("cgroup", "/other/view", "/", "rw", "cpuacct", "cpu"),
            mount("cgroup", "/part", "/docker/x", "rw", "memory"),
            mount("cgroup2", "/sys/fs/cgroup/unified", "/", "rw", "nsdelegate")));

    private static String named(String path) {
        return Cgroup.named(path, ALL, MEMBERSHIP).toString();
    }

    @Test
    void wholeHierarchiesCountOnce() {
        assertThat(ALL)
                .extracting(Hierarchy::controllers)
                .containsExactly(Set.of("cpu", "cpuacct"), Set.of("name=systemd"), Set.of());
        assertThat(ALL.getFirst().mount()).isEqualTo(Path.of("/sys/fs/cgroup/cpu,cpuacct"));
    }

    @Test
    void anAbsolutePathIsTheHosts() {
        assertThat(named("/a/b"))
                .isEqualTo("/sys/fs/cgroup/cpu,cpuacct/a/b\n/sys/fs/cgroup/systemd/a/b\n/sys/fs/cgroup/unified/a/b");
    }

    @Test
    void aRelativePathIsBelowTheCallersOwn() {
        assertThat(named("a"))
                .isEqualTo("/sys/fs/cgroup/cpu,cpuacct/mine/cpu/a\n/sys/fs/cgroup/systemd/mine/systemd/a\n"
                        + "/sys/fs/cgroup/unified/mine/a");
    }

    @Test
    void nothingLeadsOutOfTheHierarchy() {
        assertThat(named("/../../a/../b")).startsWith("/sys/fs/cgroup/cpu,cpuacct/b\n");
        assertThat(named("../../../b")).startsWith("/sys/fs/cgroup/cpu,cpuacct/mine/cpu/b\n");
        for (String path : List.of("/", "..", "/a/..", "a\0b")) {
            assertThatThrownBy(() -> named(path)).as(path).isInstanceOf(HakoException.class);
        }
    }
}
