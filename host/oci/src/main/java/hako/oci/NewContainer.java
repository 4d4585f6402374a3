package hako.oci;

import hako.base.HakoException;
import hako.base.HakoException.Code;
import hako.oci.Create.CreateOptions;
import hako.sandbox.Container;
import hako.sandbox.ContainerId;
import hako.sandbox.ContainerRequest;
import hako.sandbox.NetworkRequest;
import hako.sandbox.NetworkRequest.Mode;
import hako.sandbox.Sandboxes;
import hako.spec.ProcessSpec;
import hako.spec.RuntimeSpec;
import hako.storage.RootFilesystem;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A container on its way from a bundle to the process that stands for it. Belongs to one call. */
final class NewContainer {
    private static final int SIGTERM = 15;

    private final RuntimeCall call;
    private final RuntimeId id;
    private final CreateOptions options;
    private final Bundle bundle;
    private final ProcessSpec process;

    /** @throws HakoException what is wrong about the bundle or the options; nothing is made yet */
    NewContainer(RuntimeCall call, RuntimeId id, CreateOptions options) {
        this.call = call;
        this.id = id;
        this.options = options;
        if (!call.caller().sharesFiles()) {
            throw HakoException.user(
                    Code.UNSUPPORTED,
                    "the caller lives in a mount namespace or root directory of its own, whose files cannot be shared with a VM");
        }
        if (options.preserveFds.value() != 0) {
            throw HakoException.user(
                    Code.UNSUPPORTED, "--preserve-fds: a descriptor of the host means nothing in a VM");
        }
        if (RuntimeContainer.find(call.services().sandboxes(), id).isPresent()) {
            throw HakoException.user(Code.ALREADY_EXISTS, "container with given ID already exists");
        }
        String directory = options.bundle.value();
        bundle = Bundle.read(call.caller().path(directory.isEmpty() ? "." : directory));
        process = java.util.Objects.requireNonNull(bundle.spec().process());
    }

    boolean terminal() {
        return Boolean.TRUE.equals(process.terminal());
    }

    /** Makes it, with a process that stays behind for it; on return both are there. */
    Container leaveBehind() throws InterruptedException {
        try (Console console = console()) {
            Container container = make();
            try {
                String token = KeptCall.token(container, terminal());
                long pid =
                        call.services().kept().leave(call.caller(), token, console == null ? null : console.terminal());
                if (console != null) {
                    console.send();
                }
                writePid(pid);
                return container;
            } catch (RuntimeException | InterruptedException e) {
                container.remove(true);
                throw e;
            }
        }
    }

    /** For a process that is left behind. */
    private @Nullable Console console() {
        String socket = options.consoleSocket.value();
        if (terminal() && socket.isEmpty()) {
            throw HakoException.user(
                    Code.INVALID_ARGUMENT, "cannot allocate tty if runc will detach without setting console socket");
        }
        if (!terminal() && !socket.isEmpty()) {
            throw consoleSocketUnused();
        }
        return socket.isEmpty() ? null : new Console(call.caller().path(socket), process);
    }

    static HakoException consoleSocketUnused() {
        return HakoException.user(
                Code.INVALID_ARGUMENT, "cannot use console socket if runc will not detach or allocate tty");
    }

    Container make() throws InterruptedException {
        Sandboxes sandboxes = call.services().sandboxes();
        ContainerRequest request = request();
        call.signals().hold(() -> sandboxes.abandon(request.id()));
        return sandboxes.create(request);
    }

    void writePid(long pid) {
        if (!options.pidFile.value().isEmpty()) {
            PidFile.write(call.caller().path(options.pidFile.value()), pid);
        }
    }

    private ContainerRequest request() {
        RuntimeSpec spec = bundle.spec();
        String hostname = spec.hostname() == null || spec.hostname().isEmpty()
                ? ContainerId.shortened(id.containerId())
                : spec.hostname();
        Path directory = bundle.directory();
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
                RuntimeContainer.labels(id, directory));
    }
}
