package hako.sandbox;

import hako.spec.LinuxResources;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** A container that is being made: what is wanted, since when, and for whom. */
record Creation(
        Sandboxes sandboxes,
        Checkpoints checkpoints,
        ContainerRequest request,
        HostDevices hostDevices,
        Instant began) {
    /** @throws hako.base.HakoException what it can never have */
    static Creation of(Sandboxes sandboxes, Checkpoints checkpoints, ContainerRequest request) {
        Instant now = sandboxes.node().clock().instant();
        return new Creation(sandboxes, checkpoints, request, HostDevices.of(request.spec()), now);
    }

    Node node() {
        return sandboxes.node();
    }

    String id() {
        return request.id();
    }

    ContainerRecord record(String sandboxId) {
        return ContainerRecord.of(request, sandboxId, began, new ContainerState.Creating());
    }

    /** Of its record, its output and what it writes. */
    Path directory() {
        return checkpoints.containerDirectory(request.id());
    }

    Path scratch() {
        return directory().resolve("scratch.ext4");
    }

    @Nullable
    LinuxResources limits() {
        return request.spec().linux() == null ? null : request.spec().linux().resources();
    }

    Duration elapsed() {
        return Duration.between(began, node().clock().instant());
    }
}
