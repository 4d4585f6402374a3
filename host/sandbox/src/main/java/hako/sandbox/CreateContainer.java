package hako.sandbox;

import com.google.protobuf.ByteString;
import hako.agent.AgentClient;
import hako.agent.v1.CheckResponse;
import hako.agent.v1.CreateContainerRequest;
import hako.agent.v1.CreateContainerResponse;
import hako.agent.v1.OnlineCpusRequest;
import hako.agent.v1.Rootfs;
import hako.agent.v1.Storage;
import hako.base.HakoException;
import hako.base.Undo;
import hako.network.Endpoint;
import hako.sandbox.SandboxConfig.Writable;
import hako.spec.LinuxResources;
import hako.spec.RuntimeSpec;
import hako.storage.RootFilesystem;
import hako.ttrpc.TtrpcCall;
import hako.vm.Device;
import hako.vm.Vm;
import hako.vm.VmExit;
import hako.vm.VmSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The verb create: a sandbox of its own for one container. The guest boots while everything it will need is made and
 * plugged; the requests that build the container are sent without waiting for one another, so after the boot they cost
 * one round trip.
 */
final class CreateContainer {
    private static final int CONSOLE_BYTES = 2000;
    private static final Duration DEATH = Duration.ofSeconds(1);
    private static final String NIC = "eth0";

    private static final Logger log = LoggerFactory.getLogger(CreateContainer.class);

    private final Node node;
    private final Sandboxes sandboxes;
    private final Checkpoints checkpoints;
    private final ContainerRequest request;
    private final HostDevices hostDevices;
    private final Instant now;
    /** Its VM has been asked for; its agent has answered. */
    private Duration asked = Duration.ZERO;

    private Duration answered = Duration.ZERO;

    CreateContainer(Sandboxes sandboxes, Checkpoints checkpoints, ContainerRequest request) {
        this.node = sandboxes.node();
        this.sandboxes = sandboxes;
        this.checkpoints = checkpoints;
        this.request = request;
        this.hostDevices = HostDevices.of(request.spec());
        this.now = node.clock().instant();
    }

    Container run() {
        String id = request.id();
        Path directory = node.config().run().resolve("sandboxes").resolve(id);
        try (Undo undo = new Undo()) {
            undo.add(() -> checkpoints.deleteContainer(id));
            ContainerRecord record = ContainerRecord.of(request, id, now, new ContainerState.Creating());
            checkpoints.save(record);
            undo.add(() -> checkpoints.deleteSandbox(id));
            checkpoints.save(new SandboxRecord(SandboxRecord.VERSION, id, now, null, null, null));

            Sizing size = Sizing.of(resources(), node.config());
            Container waited = inPooledVm(record, size);
            if (waited != null) {
                undo.release();
                return waited;
            }
            undo.add(() -> SharedFolder.remove(directory));
            Endpoint endpoint = attach();
            if (endpoint != null) {
                undo.add(() -> node.network().detach(endpoint));
            }
            SharedFolder shared = new SharedFolder(directory);
            Root root = root(shared);
            RuntimeSpec guestSpec = hostDevices.in(GuestSpec.share(request.spec(), shared));
            List<Device> devices = new ArrayList<>(root.disks());
            if (endpoint != null) {
                devices.add(nic(endpoint));
            }
            asked = elapsed();
            Vm vm = node.source()
                    .acquire(new VmSpec(
                            id,
                            newDirectory(directory.resolve("vm")),
                            size.vcpus(),
                            size.memoryBytes(),
                            devices,
                            shared.used(),
                            (request.network().mode() == NetworkRequest.Mode.NAMESPACE ? NamespaceMirror.MOST_LINKS : 0)
                                    + hostDevices.disks().size(),
                            hostDevices.any() ? null : PreparedContainer.of(node, request, endpoint != null)));
            undo.add(vm::kill);
            sandboxes.making(id, vm);
            Sandbox sandbox = new Sandbox(id, now, vm, endpoint);
            checkpoints.save(sandbox.record());
            if (endpoint != null) { // with the host ports that were free
                record = record.with(endpoint.ports());
                checkpoints.save(record);
            }

            Container container = build(sandbox, record, size, shared, root, guestSpec, endpoint);
            undo.release();
            sandboxes.pool().refillAfter(vm);
            return container;
        }
    }

    /** One from the pool, where this container asks for nothing that must be there from the start. */
    private VmPool.@Nullable Ready takePooled(Sizing size) {
        boolean usual = request.network().mode() == NetworkRequest.Mode.BRIDGE
                && request.network().ports().isEmpty()
                && node.config().writable() == Writable.DISK
                && !request.isReadOnly()
                && !hostDevices.any()
                && request.spec().mounts().stream().noneMatch(GuestSpec::isBind);
        return usual && request.root() instanceof RootFilesystem.Block(Path image)
                ? sandboxes.pool().take(new VmPool.Pattern(size, image, request.spec()))
                : null;
    }

    /** Null where there is none, or those there were have died: then a VM is made as ever. */
    private @Nullable Container inPooledVm(ContainerRecord record, Sizing size) {
        for (VmPool.Ready pooled = takePooled(size); pooled != null; pooled = takePooled(size)) {
            VmPool.Ready taken = pooled;
            try (Undo undo = new Undo()) {
                undo.add(() -> delete(scratch()));
                undo.add(() -> sandboxes.pool().discard(taken));
                try {
                    Container container = build(taken, record, size);
                    undo.release();
                    return container;
                } catch (HakoException e) {
                    if (!hasDied(taken.vm())) { // asked before it is discarded, which ends it too
                        throw e;
                    }
                    log.warn("container {}: {}; another VM is taken", request.name(), e.getMessage());
                }
            }
        }
        return null;
    }

    /** Known in a moment, where it has. */
    private static boolean hasDied(Vm vm) {
        try {
            return vm.exited().get(DEATH.toMillis(), TimeUnit.MILLISECONDS).cause() != VmExit.Cause.ASKED;
        } catch (InterruptedException | ExecutionException | TimeoutException e) {
            return false;
        }
    }

    private static void delete(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            log.warn("remove {}: {}", file, e.toString());
        }
    }

    /** In a VM that has waited: its network is set up, its disks become this container's. */
    private Container build(VmPool.Ready pooled, ContainerRecord record, Sizing size) {
        Vm vm = pooled.vm();
        sandboxes.making(request.id(), vm);
        Path image = ((RootFilesystem.Block) request.root()).image();
        if (!image.equals(pooled.pattern().image())) {
            vm.replace(BlockRoot.image(image));
        }
        try {
            Files.move(pooled.scratch(), scratch());
        } catch (IOException e) {
            throw new HakoException(
                    HakoException.Kind.RESOURCES,
                    HakoException.Code.NO_SPACE,
                    "move " + pooled.scratch() + ": " + e,
                    e);
        }
        Sandbox sandbox = new Sandbox(request.id(), now, vm, pooled.endpoint());
        checkpoints.save(sandbox.record());
        ContainerRecord networked = record.with(pooled.endpoint().ports());
        checkpoints.save(networked);
        SharedFolder none = new SharedFolder(sandbox.directory());
        Root root = new Root(List.of(), BlockRoot.storages(), BlockRoot.rootfs());
        Container container = build(sandbox, networked, size, none, root, request.spec(), null);
        sandboxes.pool().refillAfter(vm);
        return container;
    }

    /** Of a template. */
    static Device nobodysNic() {
        return new Device.Nic(NIC, "", "");
    }

    static Device nic(Endpoint endpoint) {
        return new Device.Nic(NIC, endpoint.tap(), endpoint.mac());
    }

    private Path scratch() {
        return checkpoints.containerDirectory(request.id()).resolve("scratch.ext4");
    }

    private Container build(
            Sandbox sandbox,
            ContainerRecord record,
            Sizing size,
            SharedFolder shared,
            Root root,
            RuntimeSpec guestSpec,
            @Nullable Endpoint unconfigured) {
        Vm vm = sandbox.vm();
        List<Storage> storages = new ArrayList<>(root.storages());
        Endpoint endpoint = sandbox.endpoint();
        if (shared.used()) {
            vm.plug(shared.device());
            checkpoints.save(sandbox.record()); // with the helper that serves it
            storages.addFirst(Storage.newBuilder()
                    .setVirtiofsTag(SharedFolder.TAG)
                    .setTarget(SharedFolder.GUEST_PATH)
                    .build());
        }
        hostDevices.disks().forEach(vm::plug);

        AgentClient agent = sandbox.agent();
        TtrpcCall<CheckResponse> check = agent.startCheck();
        List<TtrpcCall<?>> calls = new ArrayList<>();
        calls.add(agent.startBindSandbox(
                sandbox.identity(request.network().hostname(), node.clock().instant())));
        if (size.vcpus() > 1) {
            calls.add(agent.startOnlineCpus(
                    OnlineCpusRequest.newBuilder().setCount(size.vcpus()).build()));
        }
        if (unconfigured != null) {
            calls.add(agent.startConfigureLink(Sandbox.link(unconfigured)));
        }
        CreateContainerRequest.Builder wanted = CreateContainerRequest.newBuilder()
                .setContainerId(request.id())
                .addAllFiles(
                        GuestFiles.of(request.network(), endpoint, node.config().dns()))
                .setUser(request.user())
                .setOpenStdin(request.openStdin());
        if (vm.isPrepared()) {
            wanted.setPrepared(true).setSpecJson(ByteString.copyFrom(PreparedContainer.told(request)));
        } else {
            wanted.setSpecJson(ByteString.copyFrom(guestSpec.toJson()))
                    .setRootfs(root.rootfs())
                    .addAllStorages(storages)
                    .addAllDevices(hostDevices.told());
        }
        TtrpcCall<CreateContainerResponse> create = agent.startCreateContainer(wanted.build());
        calls.addFirst(check);
        Duration plugged = elapsed();
        CreateContainerResponse created = await(sandbox, calls, create);
        log.debug(
                "sandbox {}: VM asked for after {} ms, its agent answered after {} ms; plugged after {} ms, agent ready {} ms into the guest's life, container built after {} ms",
                ContainerId.shortened(request.id()),
                asked.toMillis(),
                answered.minus(asked).toNanos() / 1000 / 1000.0,
                plugged.toMillis(),
                check.await().getReadyUptimeUs() / 1000,
                elapsed().toMillis());
        if (created.hasFailure()) {
            throw Container.startFailure(created.getFailure());
        }
        ContainerProcess init = sandboxes.process(sandbox, record, "");
        Container container = new Container(sandboxes, sandbox, record, init);
        container.created();
        return container;
    }

    private CreateContainerResponse await(
            Sandbox sandbox, List<TtrpcCall<?>> before, TtrpcCall<CreateContainerResponse> create) {
        try {
            Duration patience = Sandbox.BOOT_TIMEOUT;
            before.getFirst().await(patience); // the question whether it is there
            answered = elapsed();
            for (TtrpcCall<?> call : before) {
                call.await(patience);
            }
            return create.await(patience);
        } catch (HakoException e) {
            if (sandbox.vm().exited().isDone()) {
                throw new HakoException(
                        HakoException.Kind.EXTERNAL,
                        HakoException.Code.VM_FAILED,
                        "start VM %s: %s".formatted(ContainerId.shortened(sandbox.id()), sandbox.lossReason()),
                        e);
            }
            if (e.code() == HakoException.Code.TIMEOUT) {
                throw new HakoException(
                        HakoException.Kind.EXTERNAL,
                        HakoException.Code.VM_FAILED,
                        "start VM %s: %s; its console ends: %s"
                                .formatted(
                                        ContainerId.shortened(sandbox.id()),
                                        e.getMessage(),
                                        sandbox.vm().console(CONSOLE_BYTES)),
                        e);
            }
            throw e;
        }
    }

    private Duration elapsed() {
        return Duration.between(now, node.clock().instant());
    }

    /** The VM of a container that asks for nothing: its shape, not its content. */
    static VmSpec usualVm(Node node) {
        Sizing size = Sizing.of(null, node.config());
        Path nothing = Path.of("/dev/null");
        List<Device> devices = new ArrayList<>(List.of(BlockRoot.image(nothing)));
        if (node.config().writable() == Writable.DISK) {
            devices.add(BlockRoot.scratch(nothing));
        }
        devices.add(nobodysNic());
        return new VmSpec("usual", nothing, size.vcpus(), size.memoryBytes(), devices, false);
    }

    private @Nullable LinuxResources resources() {
        return request.spec().linux() == null ? null : request.spec().linux().resources();
    }

    private @Nullable Endpoint attach() {
        return switch (request.network().mode()) {
            case BRIDGE -> node.network().attach(request.id(), request.network().ports());
            case NONE, NAMESPACE -> null;
        };
    }

    /** The root file system: the disks it lies on, how the guest mounts them, and what it makes of the mounts. */
    private record Root(List<Device> disks, List<Storage> storages, Rootfs rootfs) {}

    private Root root(SharedFolder shared) {
        return switch (request.root()) {
            case RootFilesystem.Block(Path image) -> blockRoot(image);
            case RootFilesystem.Layers(List<Path> lower) -> {
                Path writable = checkpoints.containerDirectory(request.id());
                String path = shared.overlay("root", lower, writable.resolve("upper"), writable.resolve("work"));
                yield new Root(
                        List.of(), List.of(), Rootfs.newBuilder().addLower(path).build());
            }
            case RootFilesystem.Directory(Path path) ->
                new Root(
                        List.of(),
                        List.of(),
                        Rootfs.newBuilder()
                                .addLower(shared.bind("root", path, false))
                                .build());
        };
    }

    private Root blockRoot(Path image) {
        Device.Disk disk = BlockRoot.image(image);
        if (node.config().writable() == Writable.DISK && !request.isReadOnly()) {
            BlockRoot.makeScratch(node, scratch());
            return new Root(List.of(disk, BlockRoot.scratch(scratch())), BlockRoot.storages(), BlockRoot.rootfs());
        }
        return new Root(List.of(disk), BlockRoot.storagesInMemory(), BlockRoot.rootfs());
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
