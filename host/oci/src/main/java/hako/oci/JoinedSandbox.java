package hako.oci;

import hako.base.HakoException;
import hako.base.HakoException.Code;
import hako.network.NamespaceNetwork;
import hako.sandbox.SandboxRequest;
import hako.sandbox.Sandboxes;
import hako.spec.LinuxSpec.Namespace;
import hako.spec.RuntimeSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Which sandbox a new container is to live in, by its bundle: that of the pod which CRI-O's or containerd's annotations name, or of
 * the container whose namespace it is given by a path ({@code --network container:NAME}, Podman's pods). Belongs to one call.
 */
final class JoinedSandbox {
    /** {@code /proc/PID/ns/KIND} of a process that stands for a container. */
    private static final Pattern OF_PROCESS = Pattern.compile("/proc/([1-9]\\d{0,9})/ns/(\\w+)");

    private static final List<String> SHARED = List.of("network", "ipc", "uts", "pid");

    private final Sandboxes sandboxes;
    private final String root;
    private final RuntimeSpec spec;
    private final PodAnnotations annotations;

    JoinedSandbox(Sandboxes sandboxes, String root, RuntimeSpec spec) {
        this.sandboxes = sandboxes;
        this.root = root;
        this.spec = spec;
        this.annotations = new PodAnnotations(spec.annotations());
    }

    /** @throws HakoException what it names is not there, or cannot be shared */
    SandboxRequest find() {
        Optional<RuntimeContainer> pod = annotations.sandbox().flatMap(this::ofPod);
        Map<String, RuntimeContainer> shared = new LinkedHashMap<>();
        for (Namespace namespace :
                spec.linux() == null ? List.<Namespace>of() : spec.linux().namespaces()) {
            if (isGiven(namespace) && SHARED.contains(namespace.type())) {
                owner(namespace).ifPresent(owner -> shared.put(namespace.type(), owner));
            }
        }
        return pod.or(() -> shared.values().stream().findFirst())
                .<SandboxRequest>map(host -> join(host, shared))
                .orElseGet(() -> new SandboxRequest.New(annotations.size().orElse(null)));
    }

    private static boolean isGiven(Namespace namespace) {
        return namespace.path() != null && !namespace.path().isEmpty();
    }

    private static SandboxRequest join(RuntimeContainer host, Map<String, RuntimeContainer> shared) {
        Map<String, String> namespaces = new LinkedHashMap<>();
        shared.forEach((type, owner) -> namespaces.put(type, owner.container().id()));
        return new SandboxRequest.Join(host.container().id(), namespaces);
    }

    /**
     * The container that the pod's sandbox was made for, else any of the pod. Empty: this is the pod's first, CRI-O makes none for a
     * sandbox alone ({@code drop_infra_ctr}).
     */
    private Optional<RuntimeContainer> ofPod(String id) {
        Optional<RuntimeContainer> found = RuntimeContainer.find(sandboxes, new RuntimeId(root, id))
                .filter(container -> container.container().isAlive())
                .or(() -> living().stream()
                        .filter(container -> isOfPod(container, id))
                        .findFirst());
        if (found.isEmpty() && !annotations.mayBeFirst()) {
            throw HakoException.user(
                    Code.NOT_FOUND,
                    "the annotations say that this container belongs to sandbox %s, which is not there or has ended"
                            .formatted(id));
        }
        return found;
    }

    private static boolean isOfPod(RuntimeContainer container, String id) {
        return new PodAnnotations(container.spec().annotations())
                .sandbox()
                .filter(id::equals)
                .isPresent();
    }

    /** Empty: a namespace that is nobody's yet, as a pod's that CRI-O keeps as a file before it has containers. */
    private Optional<RuntimeContainer> owner(Namespace namespace) {
        Optional<RuntimeContainer> owner = living().stream()
                .filter(container -> isOf(container, namespace))
                .findFirst();
        boolean isKeptForPod =
                annotations.isPod() && !OF_PROCESS.matcher(namespace.path()).matches();
        if (owner.isEmpty() && !namespace.type().equals("network") && !isKeptForPod) {
            throw HakoException.user(
                    Code.UNSUPPORTED,
                    "the %s namespace %s is that of no container in a VM, and only of those can one be shared"
                            .formatted(namespace.type(), namespace.path()));
        }
        return owner;
    }

    private List<RuntimeContainer> living() {
        return RuntimeContainer.all(sandboxes, root).stream()
                .filter(container -> container.container().isAlive())
                .toList();
    }

    private static boolean isOf(RuntimeContainer container, Namespace namespace) {
        Matcher process = OF_PROCESS.matcher(namespace.path());
        String kind = namespace.type().equals("network") ? "net" : namespace.type();
        if (process.matches()
                && Long.parseLong(process.group(1)) == container.pid()
                && process.group(2).equals(kind)) {
            return true;
        }
        return kind.equals("net")
                ? isNetworkOf(container, Path.of(namespace.path()))
                : !process.matches() && hasSamePath(container, namespace);
    }

    /** Of one that has its links, or will have them when it is started. */
    private static boolean isNetworkOf(RuntimeContainer container, Path namespace) {
        try {
            return !NamespaceNetwork.isOwn(namespace) && Files.isSameFile(namespace, container.networkNamespace());
        } catch (IOException e) { // either is gone
            return false;
        }
    }

    /** A file that stands for a namespace of the pod (CRI-O's): each of its containers is given the same one. */
    private static boolean hasSamePath(RuntimeContainer container, Namespace namespace) {
        return container.spec().linux() != null
                && container.spec().linux().namespaces().stream()
                        .anyMatch(other -> other.type().equals(namespace.type())
                                && namespace.path().equals(other.path()));
    }
}
