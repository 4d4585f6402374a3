package hako.sandbox;

import hako.base.HakoException;
import hako.base.Undo;
import hako.sandbox.SandboxConfig.Writable;
import hako.storage.RootFilesystem;
import hako.vm.Vm;
import hako.vm.VmExit;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A VM that has waited in the pool becomes a container's: its network is set up, its disks become this container's. */
final class TakePooledSandbox {
    private static final Duration DEATH = Duration.ofSeconds(1);
    private static final Logger log = LoggerFactory.getLogger(TakePooledSandbox.class);

    private final Creation creation;
    private final ContainerRequest request;
    private final Sizing size;
    private final SandboxMembers members;

    TakePooledSandbox(Creation creation, Sizing size, SandboxMembers members) {
        this.creation = creation;
        this.request = creation.request();
        this.size = size;
        this.members = members;
    }

    /** Null where there is none, or those there were have died: then a VM is made as ever. */
    @Nullable
    Container run(ContainerRecord record) {
        for (VmPool.Ready pooled = take(); pooled != null; pooled = take()) {
            VmPool.Ready taken = pooled;
            try (Undo undo = new Undo()) {
                undo.add(() -> delete(creation.scratch()));
                undo.add(() -> pool().discard(taken));
                try {
                    Container container = build(taken, record);
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

    private VmPool pool() {
        return creation.sandboxes().pool();
    }

    /** One from the pool, where this container asks for nothing that must be there from the start. */
    private VmPool.@Nullable Ready take() {
        boolean usual = request.network().mode() == NetworkRequest.Mode.BRIDGE
                && request.network().ports().isEmpty()
                && creation.node().config().writable() == Writable.DISK
                && !request.isReadOnly()
                && !creation.hostDevices().any()
                && request.spec().mounts().stream().noneMatch(GuestSpec::isBind);
        return usual && request.root() instanceof RootFilesystem.Block(Path image)
                ? pool().take(new VmPool.Pattern(size, image, request.spec()))
                : null;
    }

    private Container build(VmPool.Ready pooled, ContainerRecord record) {
        Vm vm = pooled.vm();
        creation.sandboxes().making(request.id(), vm);
        Path image = ((RootFilesystem.Block) request.root()).image();
        if (!image.equals(pooled.pattern().image())) {
            vm.replace(BlockRoot.FIRST.imageDisk(image));
        }
        try {
            Files.move(pooled.scratch(), creation.scratch());
        } catch (IOException e) {
            throw new HakoException(
                    HakoException.Kind.RESOURCES,
                    HakoException.Code.NO_SPACE,
                    "move " + pooled.scratch() + ": " + e,
                    e);
        }
        SharedFolder none = new SharedFolder(Sandbox.directory(vm));
        Sandbox sandbox = new Sandbox(request.id(), creation.began(), vm, pooled.endpoint(), none, members);
        creation.checkpoints().save(sandbox.record());
        ContainerRecord networked = record.with(pooled.endpoint().ports());
        creation.checkpoints().save(networked);
        GuestRoot root = new GuestRoot(List.of(), BlockRoot.FIRST.storages(), BlockRoot.FIRST.rootfs());
        Container container = new BuildContainer(creation, sandbox).first(networked, root, request.spec(), size, null);
        pool().refillAfter(vm);
        return container;
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
}
