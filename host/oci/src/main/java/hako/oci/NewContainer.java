package hako.oci;

import hako.base.HakoException;
import hako.base.HakoException.Code;
import hako.door.Json;
import hako.doorstep.View;
import hako.linux.HostFiles;
import hako.oci.KeptCall.Token;
import hako.sandbox.Container;
import hako.sandbox.ContainerId;
import hako.sandbox.ContainerRequest;
import hako.sandbox.NetworkRequest;
import hako.sandbox.NetworkRequest.Mode;
import hako.sandbox.SandboxRequest;
import hako.sandbox.Sandboxes;
import hako.spec.Hooks;
import hako.spec.LinuxSpec;
import hako.spec.ProcessSpec;
import hako.spec.RuntimeSpec;
import hako.storage.RootFilesystem;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A container on its way from a bundle to the process that stands for it. Belongs to one call. */
final class NewContainer {
    private static final int SIGTERM = 15;

    private final RuntimeCall call;
    private final RuntimeId id;
    private final CreateOptions options;
    private final Bundle bundle;
    private final ProcessSpec process;
    private final SandboxRequest sandbox;
    private final Map<String, String> cgroup;

    /** @throws HakoException what is wrong about the bundle or the options; nothing is made yet */
    NewContainer(RuntimeCall call, RuntimeId id, CreateOptions options) {
        this.call = call;
        this.id = id;
        this.options = options;
        if (RuntimeContainer.find(call.services().sandboxes(), id).isPresent()) {
            throw HakoException.user(Code.ALREADY_EXISTS, "container with given ID already exists");
        }
        String directory = options.bundle.value();
        bundle = Bundle.read(
                call.caller().name(directory.isEmpty() ? "." : directory).normalize(),
                call.caller().files());
        if (RuntimeContainer.network(bundle.spec()).isEmpty()) {
            throw HakoException.user(
                    Code.UNSUPPORTED,
                    "a container in a VM cannot have the host's network: give it a network namespace");
        }
        sandbox = new JoinedSandbox(call.services().sandboxes(), id.root(), bundle.spec()).find();
        process = java.util.Objects.requireNonNull(bundle.spec().process());
        cgroup = HostCgroup.labels(call, id, bundle.spec().linux());
    }

    /** Its root and volumes, as the VM has them. */
    private View view() {
        RuntimeSpec.Root root = bundle.spec().root();
        return new View(
                bundle.root(),
                root != null && Boolean.TRUE.equals(root.readonly()),
                bundle.spec().mounts().stream()
                        .filter(mount -> mount.isBind() && mount.source() != null)
                        .map(mount -> new View.Bind(
                                Path.of(mount.source()),
                                mount.destination(),
                                mount.options().contains("ro")
                                        || mount.options().contains("rro")))
                        .toList());
    }

    /** Makes it, with a process that stays behind for it; on return both are there. */
    Container leaveBehind() throws InterruptedException {
        try (Console console = options.kept.console(call, process)) {
            Container container = make();
            RuntimeContainer made = new RuntimeContainer(container);
            try {
                long pid = options.kept.leave(
                        call, token(true, false).toString(), process.args(), network(), view(), console);
                enterCgroup(container, pid);
                new BundleHooks(made, files()).created();
                if (call.signals().endedCall()) {
                    throw new InterruptedException("the caller ended the call");
                }
                options.kept.publish(call, pid, console);
                return container;
            } catch (RuntimeException | InterruptedException e) {
                made.destroy(files());
                throw e;
            }
        }
    }

    /**
     * Makes and starts it with the caller in front of it, until it ends.
     *
     * @param delete it goes then
     * @return its exit code
     */
    int attend(boolean delete) throws InterruptedException {
        options.kept.check(process, false);
        BundleHooks.checkForeground(bundle.spec());
        Container container = make();
        RuntimeContainer made = new RuntimeContainer(container);
        try {
            enterCgroup(container, 0);
            options.kept.writePid(call, call.caller().pid());
        } catch (RuntimeException | InterruptedException e) {
            made.destroy(files());
            throw e;
        }
        return new KeptCall(call, token(false, delete)).start(container);
    }

    /** Of this host. The VM of another is not that one's alone any more. @param pid of what stays; 0: nothing does */
    private void enterCgroup(Container container, long pid) throws InterruptedException {
        Optional<HostCgroup> own = HostCgroup.of(container);
        if (own.isPresent()) {
            own.get().enter(pid);
        }
        if (sandbox instanceof SandboxRequest.Join) {
            call.services().sandboxes().containers().stream()
                    .filter(other -> other.id().equals(container.record().sandboxId()))
                    .flatMap(owner -> HostCgroup.of(owner).stream())
                    .forEach(HostCgroup::releaseVm);
        }
    }

    private HostFiles files() {
        return call.caller().files();
    }

    /** The process that stays is in it, as whoever looks for it by the pid expects. */
    private String network() {
        return RuntimeContainer.network(bundle.spec())
                .map(LinuxSpec.Namespace::path)
                .orElse("");
    }

    private Token token(boolean left, boolean delete) {
        return new Token(
                id.containerId(),
                "",
                Boolean.TRUE.equals(process.terminal()),
                left,
                delete,
                call.log().path());
    }

    private Container make() throws InterruptedException {
        Sandboxes sandboxes = call.services().sandboxes();
        RuntimeContainer.forgetEarlier(sandboxes, id);
        ContainerRequest request = request();
        call.signals().hold(() -> sandboxes.abandon(request.id()));
        return sandboxes.create(request);
    }

    private Map<String, String> labels() {
        Map<String, String> labels = new HashMap<>(RuntimeContainer.labels(id, bundle.directory()));
        labels.putAll(cgroup);
        if (bundle.spec().hooks() instanceof Hooks hooks
                && !hooks.startContainer().isEmpty()) {
            labels.put(Container.HOOK_STATE, Json.line(hookState()));
        }
        return labels;
    }

    /** @spec runtime#state, of a container about to start */
    private Map<String, @Nullable Object> hookState() {
        return Json.object(
                "ociVersion",
                bundle.spec().ociVersion(),
                "id",
                id.id(),
                "status",
                "created",
                "bundle",
                bundle.directory().toString(),
                "annotations",
                bundle.spec().annotations());
    }

    private ContainerRequest request() {
        RuntimeSpec spec = bundle.spec();
        String hostname = spec.hostname() == null || spec.hostname().isEmpty()
                ? ContainerId.shortened(id.containerId())
                : spec.hostname();
        return new ContainerRequest(
                id.containerId(),
                id.containerName(),
                "",
                "",
                new RootFilesystem.Directory(bundle.root()),
                spec,
                "",
                true,
                false,
                new NetworkRequest(Mode.NAMESPACE, hostname, List.of(), List.of()),
                SIGTERM,
                labels(),
                sandbox,
                files());
    }
}
