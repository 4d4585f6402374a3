package hako.sandbox;

import hako.linux.Mounts.ReadOnly;
import hako.spec.LinuxResources;
import hako.spec.LinuxSpec;
import hako.spec.MountSpec;
import hako.spec.RuntimeSpec;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

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
    static RuntimeSpec share(ContainerRequest request, SharedFolder shared) {
        RuntimeSpec spec = request.spec();
        List<MountSpec> mounts = new ArrayList<>();
        for (MountSpec mount : spec.mounts()) {
            mounts.add(isBind(mount) ? shared(mount, request, shared) : mount);
        }
        return new RuntimeSpec(
                spec.ociVersion(),
                spec.root(),
                spec.process(),
                spec.hostname(),
                spec.domainname(),
                mounts,
                spec.hooks() == null ? null : spec.hooks().inContainer(),
                spec.annotations(),
                spec.linux() == null ? null : linux(spec.linux(), request.sandbox()));
    }

    /**
     * A container has the network of its VM, but for one that joins others' with a network namespace of its own. Paths mean nothing
     * in the guest: which namespaces it shares is told by the names of containers.
     */
    private static LinuxSpec linux(LinuxSpec linux, SandboxRequest sandbox) {
        boolean hasOwnNetwork = sandbox instanceof SandboxRequest.Join && ContainerRecord.makesNetwork(linux);
        LinuxSpec joined = linux.with(linux.namespaces().stream()
                .filter(namespace -> hasOwnNetwork || !namespace.type().equals("network"))
                .map(namespace -> LinuxSpec.Namespace.fresh(namespace.type()))
                .toList());
        return linux.resources() == null ? joined : joined.with(limits(linux.resources()));
    }

    /**
     * What limits mean there: CPUs, memory nodes and disks by number are this host's, and a VM's disks are its container's alone. Rates of block
     * devices follow the devices (host_devices.rs).
     */
    static LinuxResources limits(LinuxResources resources) {
        LinuxResources.BlockIo io = resources.blockIO();
        return new LinuxResources(
                resources.devices(),
                resources.memory(),
                resources.cpu() == null ? null : resources.cpu().unbound(),
                resources.pids(),
                io == null ? null : io.unweighted(),
                resources.hugepageLimits(),
                resources.unified().entrySet().stream()
                        .filter(limit -> !namesThingsOfTheHost(limit.getKey()))
                        .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue)));
    }

    /** @param file of cgroup v2 */
    private static boolean namesThingsOfTheHost(String file) {
        return file.startsWith("cpuset.") || file.startsWith("io.");
    }

    static boolean isBind(MountSpec mount) {
        return mount.source() != null && mount.isBind();
    }

    /** Files of the host that a container has for its own, where this host sees them. */
    static List<Path> resolvConfs(ContainerRecord container, SharedFolder shared) {
        return container.spec().mounts().stream()
                .filter(mount -> isBind(mount) && mount.destination().equals("/etc/resolv.conf"))
                .map(mount -> shared.shown(container.id(), mount.source()))
                .flatMap(Optional::stream)
                .toList();
    }

    private static MountSpec shared(MountSpec mount, ContainerRequest request, SharedFolder shared) {
        List<String> options = mount.options();
        SharedFolder.Shown shown =
                shared.bind(request.id(), request.files(), Path.of(mount.source()), readOnly(options));
        if (shown.readOnly() == ReadOnly.TOP) { // for the guest all of it is one mount
            options = options.stream().filter(option -> !option.equals("ro")).toList();
        }
        return new MountSpec(mount.destination(), mount.type(), shown.guestPath(), options, List.of(), List.of());
    }

    /** @spec config#mounts: ro is for the mount, rro for those below it, too */
    private static ReadOnly readOnly(List<String> options) {
        if (options.contains("rro")) {
            return ReadOnly.ALL;
        }
        return options.contains("ro") ? ReadOnly.TOP : ReadOnly.NOTHING;
    }
}
