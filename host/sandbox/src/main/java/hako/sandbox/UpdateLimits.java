package hako.sandbox;

import com.google.protobuf.ByteString;
import hako.agent.v1.UpdateContainerRequest;
import hako.base.HakoException;
import hako.base.HakoException.Code;
import hako.base.HakoException.Kind;
import hako.base.Undo;
import hako.spec.LinuxResources;
import hako.spec.LinuxSpec;
import hako.vm.Vm;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The verb update: other limits for a container that runs. Its VM gets memory and processors before the container may use them, and
 * lets go of them after the container may not.
 */
final class UpdateLimits {
    private static final Duration TIMEOUT = Duration.ofSeconds(10);
    private static final Logger log = LoggerFactory.getLogger(UpdateLimits.class);

    private final Container container;
    private final Sandbox sandbox;

    UpdateLimits(Container container, Sandbox sandbox) {
        this.container = container;
        this.sandbox = sandbox;
    }

    void run(LinuxResources wanted) {
        LinuxSpec linux = container.record().spec().linux();
        if (linux == null) {
            throw HakoException.user(Code.UNSUPPORTED, "update " + container.name() + ": it was made without limits");
        }
        LinuxResources limits = wanted.over(linux.resources());
        long before = sandbox.members().neededBytes();
        long after = sandbox.members().neededBytes(container.id(), limits);
        int vcpusBefore = sandbox.members().neededProcessors();
        int vcpusAfter = sandbox.members().neededProcessors(container.id(), limits);
        try (Undo undo = new Undo()) {
            if (after > before) {
                undo.add(() -> sandbox.vm().resize(before));
                grow(after);
            }
            if (vcpusAfter > vcpusBefore) {
                undo.add(() -> takeOffline(vcpusBefore));
                bringOnline(vcpusAfter);
            }
            tell(GuestSpec.limits(wanted.asChanges(linux.resources())));
            undo.release();
        }
        sandbox.members().change(container.id(), limits);
        if (after < before) {
            shrink(after);
        }
        if (vcpusAfter < vcpusBefore) {
            takeOffline(vcpusAfter);
        }
        container.limited(linux.with(limits));
    }

    private void tell(LinuxResources changes) {
        sandbox.agent()
                .updateContainer(
                        UpdateContainerRequest.newBuilder()
                                .setContainerId(container.id())
                                .setResourcesJson(ByteString.copyFrom(changes.toJson()))
                                .build(),
                        TIMEOUT);
    }

    private void bringOnline(int processors) {
        int online = new OnlineProcessors(sandbox).atLeast(processors);
        if (online < processors) {
            throw new HakoException(
                    Kind.RESOURCES,
                    Code.NO_SPACE,
                    "update %s: %d processors: its VM has %d; its limits are as they were"
                            .formatted(container.name(), processors, online));
        }
    }

    /** A sandbox that was sized for all its containers keeps them. */
    private void takeOffline(int processors) {
        if (sandbox.members().isSized()) {
            return;
        }
        try {
            new OnlineProcessors(sandbox).set(processors);
        } catch (HakoException e) {
            log.warn("container {}: its guest keeps its processors: {}", container.name(), e.getMessage());
        }
    }

    private void grow(long bytes) {
        Vm vm = sandbox.vm();
        long has = vm.resize(bytes);
        if (has < bytes) {
            throw new HakoException(
                    Kind.EXTERNAL,
                    Code.VM_FAILED,
                    "update %s: its guest has taken %d of %d MiB; its limits are as they were"
                            .formatted(container.name(), has >> 20, bytes >> 20));
        }
    }

    /** What the guest cannot let go of now is returned as it is freed. */
    private void shrink(long bytes) {
        long has = sandbox.vm().resize(bytes);
        if (has > Math.max(bytes, sandbox.vm().record().memoryBytes())) {
            log.warn("container {}: its guest keeps {} MiB of {}", container.name(), has >> 20, bytes >> 20);
        }
    }
}
