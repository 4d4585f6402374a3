package hako.sandbox;

import hako.spec.LinuxSpec;
import hako.spec.MountSpec;
import hako.spec.RuntimeSpec;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * From the specification a caller gives (paths of the host) to the one the guest gets (paths of the guest).
 *
 * @see <a href="https://github.com/opencontainers/runtime-spec/blob/main/config.md#mounts">runtime-spec, Mounts</a>
 */
final class GuestSpec {
    /** Where the agent mounts what the VM was given. */
    static final String STORAGE = "/run/hako/storage";

    private GuestSpec() {}

    /** Binds every host path that the specification mounts into {@code shared} and rewrites it to the guest's path. */
    static RuntimeSpec share(RuntimeSpec spec, SharedFolder shared) {
        List<MountSpec> mounts = new ArrayList<>();
        for (MountSpec mount : spec.mounts()) {
            mounts.add(isBind(mount) ? shared(mount, shared, mounts.size()) : mount);
        }
        return new RuntimeSpec(
                spec.ociVersion(),
                spec.root(),
                spec.process(),
                spec.hostname(),
                spec.domainname(),
                mounts,
                null,
                spec.annotations(),
                spec.linux() == null ? null : withoutNetwork(spec.linux()));
    }

    /** A container has the network of its VM. */
    private static LinuxSpec withoutNetwork(LinuxSpec linux) {
        return linux.with(linux.namespaces().stream()
                .filter(namespace -> !namespace.type().equals("network"))
                .toList());
    }

    static boolean isBind(MountSpec mount) {
        return mount.source() != null && mount.isBind();
    }

    /** Files of the host that a container has for its own. */
    static List<Path> resolvConfs(RuntimeSpec spec) {
        return spec.mounts().stream()
                .filter(mount -> isBind(mount) && mount.destination().equals("/etc/resolv.conf"))
                .map(mount -> Path.of(mount.source()))
                .toList();
    }

    private static MountSpec shared(MountSpec mount, SharedFolder shared, int number) {
        boolean readOnly = mount.options().contains("ro");
        String source = shared.bind("v" + number, Path.of(mount.source()), readOnly);
        return new MountSpec(mount.destination(), mount.type(), source, mount.options(), List.of(), List.of());
    }
}
