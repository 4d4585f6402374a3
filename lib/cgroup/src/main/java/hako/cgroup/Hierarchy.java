package hako.cgroup;

import hako.linux.MountPoint;
import hako.linux.Mounts;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * A tree of cgroups as this host has it mounted: of version 1 with some controllers, or the one of version 2.
 *
 * @param mount where its root is seen
 * @param controllers of version 1, also its name where it has none ({@code name=systemd}); empty: version 2
 * @see <a href="https://man7.org/linux/man-pages/man7/cgroups.7.html">cgroups(7)</a>
 */
record Hierarchy(Path mount, Set<String> controllers) {
    /** What else the kernel shows among the options of a hierarchy (kernel/cgroup/cgroup-v1.c). */
    private static final Set<String> NO_CONTROLLERS =
            Set.of("rw", "noprefix", "xattr", "clone_children", "cpuset_v2_mode", "favordynmods", "none");

    /** Those that can be written to from their root on; each once. */
    static List<Hierarchy> mounted() {
        return of(Mounts.list());
    }

    static List<Hierarchy> of(List<MountPoint> mounts) {
        Map<Set<String>, Hierarchy> found = new LinkedHashMap<>();
        for (MountPoint mount : mounts) {
            boolean unified = mount.type().equals("cgroup2");
            boolean whole = mount.root().equals("/") && !mount.readOnly();
            if (whole && (unified || mount.type().equals("cgroup"))) {
                Set<String> controllers = unified ? Set.of() : controllers(mount.superOptions());
                found.putIfAbsent(controllers, new Hierarchy(mount.path(), controllers));
            }
        }
        return List.copyOf(found.values());
    }

    private static Set<String> controllers(List<String> options) {
        return options.stream()
                .filter(option -> !NO_CONTROLLERS.contains(option) && !option.startsWith("release_agent="))
                .collect(Collectors.toUnmodifiableSet());
    }

    boolean isUnified() {
        return controllers.isEmpty();
    }

    /**
     * Where a process is in it.
     *
     * @param membership lines of its {@code /proc/PID/cgroup}: {@code 4:cpu,cpuacct:/a}, {@code 0::/a}
     */
    Path of(Iterable<String> membership) {
        for (String line : membership) {
            String[] fields = line.split(":", 3);
            if (fields.length == 3 && isNamed(fields[1])) {
                return below(fields[2]);
            }
        }
        return mount;
    }

    private boolean isNamed(String names) {
        return isUnified() ? names.isEmpty() : Arrays.stream(names.split(",")).anyMatch(controllers::contains);
    }

    /** A path of this hierarchy, whatever it climbs over. */
    Path below(String path) {
        return mount.resolve(Path.of("/" + path).normalize().toString().substring(1));
    }
}
