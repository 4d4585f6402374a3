package hako.sandbox;

import hako.base.HakoException;
import hako.base.Undo;
import hako.network.Endpoint;
import hako.sandbox.SandboxConfig.Writable;
import hako.spec.RuntimeSpec;
import hako.vm.Device;
import hako.vm.Vm;
import hako.vm.VmSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A sandbox of its own for a container. The guest boots while everything it will need is made and plugged. */
final class MakeSandbox {
    private static final String NIC = "eth0";

    private final Creation creation;
    private final Node node;
    private final ContainerRequest request;
    private final Sizing size;
    private final SandboxMembers members;

    MakeSandbox(Creation creation, Sizing size, SandboxMembers members) {
        this.creation = creation;
        this.node = creation.node();
        this.request = creation.request();
        this.size = size;
        this.members = members;
    }

    Container run(ContainerRecord record) {
        Path directory = node.config().run().resolve("sandboxes").resolve(request.id());
        try (Undo undo = new Undo()) {
            undo.add(() -> SharedFolder.remove(directory));
            Endpoint endpoint = attach();
            if (endpoint != null) {
                undo.add(() -> node.network().detach(endpoint));
            }
            SharedFolder shared = new SharedFolder(directory);
            GuestRoot root = GuestRoot.make(creation, BlockRoot.FIRST, shared);
            RuntimeSpec guestSpec = creation.hostDevices().in(GuestSpec.share(request, shared));
            boolean shares = shared.unplugged().isPresent();
            Vm vm = node.source().acquire(spec(directory, root, endpoint, shares));
            undo.add(vm::kill);
            creation.sandboxes().making(request.id(), vm);
            Sandbox sandbox = new Sandbox(request.id(), creation.began(), vm, endpoint, shared, members);
            creation.checkpoints().save(sandbox.record());
            ContainerRecord networked = record;
            if (endpoint != null) { // with the host ports that were free
                networked = record.with(endpoint.ports());
                creation.checkpoints().save(networked);
            }
            sandbox.plugShared();
            sandbox.plugHostDisks(creation.id(), creation.hostDevices());
            if (shares) {
                creation.checkpoints().save(sandbox.record()); // with the helper that serves it
            }
            Container container =
                    new BuildContainer(creation, sandbox).first(networked, root, guestSpec, size, endpoint);
            undo.release();
            creation.sandboxes().pool().refillAfter(vm);
            return container;
        }
    }

    private VmSpec spec(Path directory, GuestRoot root, @Nullable Endpoint endpoint, boolean shares) {
        List<Device> devices = new ArrayList<>(root.disks());
        if (endpoint != null) {
            devices.add(nic(endpoint));
        }
        return new VmSpec(
                request.id(),
                newDirectory(directory.resolve("vm")),
                size.processors(node.config()),
                size.memoryBytes(),
                devices,
                shares,
                (request.network().mode() == NetworkRequest.Mode.NAMESPACE ? NamespaceMirror.MOST_LINKS : 0)
                        + creation.hostDevices().disks().size(),
                creation.hostDevices().any() ? null : PreparedContainer.of(node, request, endpoint != null));
    }

    private @Nullable Endpoint attach() {
        return switch (request.network().mode()) {
            case BRIDGE -> node.network().attach(request.id(), request.network().ports());
            case NONE, NAMESPACE -> null;
        };
    }

    /** Of a template. */
    static Device nobodysNic() {
        return new Device.Nic(NIC, "", "");
    }

    static Device nic(Endpoint endpoint) {
        return new Device.Nic(NIC, endpoint.tap(), endpoint.mac());
    }

    /** The VM of a container that asks for nothing: its shape, not its content. */
    static VmSpec usualVm(Node node) {
        Sizing size = Sizing.of(null, node.config());
        Path nothing = Path.of("/dev/null");
        List<Device> devices = new ArrayList<>(List.of(BlockRoot.FIRST.imageDisk(nothing)));
        if (node.config().writable() == Writable.DISK) {
            devices.add(BlockRoot.FIRST.scratchDisk(nothing));
        }
        devices.add(nobodysNic());
        return new VmSpec("usual", nothing, size.processors(node.config()), size.memoryBytes(), devices, false);
    }

    private static Path newDirectory(Path path) {
        try {
            return Files.createDirectories(path);
        } catch (IOException e) {
            throw new HakoException(
                    HakoException.Kind.RESOURCES, HakoException.Code.NO_SPACE, "make " + path + ": " + e, e);
        }
    }
}
