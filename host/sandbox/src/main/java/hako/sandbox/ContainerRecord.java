package hako.sandbox;

import hako.network.PortMapping;
import hako.spec.LinuxResources;
import hako.spec.LinuxSpec;
import hako.spec.RuntimeSpec;
import io.avaje.jsonb.Json;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A container as its checkpoint keeps it: enough to list, inspect and adopt it again.
 *
 * @param version of this record's form
 * @param sandboxId the VM it lives in
 * @param spec as the caller gave it, host paths and all
 */
@Json
public record ContainerRecord(
        int version,
        String id,
        String name,
        String sandboxId,
        String image,
        String imageId,
        RuntimeSpec spec,
        String user,
        boolean openStdin,
        boolean autoRemove,
        int stopSignal,
        Map<String, String> labels,
        String networkMode,
        String hostname,
        List<PortMapping> ports,
        Instant createdAt,
        StateRecord state) {
    static final int VERSION = 1;

    /** A {@link ContainerState}, flat. Members that the state does not have are empty. */
    @Json
    public record StateRecord(
            String label, Instant startedAt, int exitCode, Instant exitedAt, boolean oomKilled, String reason) {
        static StateRecord of(ContainerState state) {
            return state instanceof ContainerState.Stopped(Instant startedAt, ExitReport exit)
                    ? new StateRecord(state.label(), startedAt, exit.code(), exit.at(), exit.oomKilled(), exit.reason())
                    : new StateRecord(state.label(), state.startedAt(), 0, Instant.EPOCH, false, "");
        }

        ContainerState state() {
            return switch (label) {
                case "creating" -> new ContainerState.Creating();
                case "created" -> new ContainerState.Created();
                case "running" -> new ContainerState.Running(startedAt);
                case "paused" -> new ContainerState.Paused(startedAt);
                case "exited" ->
                    new ContainerState.Stopped(startedAt, new ExitReport(exitCode, exitedAt, oomKilled, reason));
                default -> throw new IllegalArgumentException("no container state is called " + label);
            };
        }
    }

    static ContainerRecord of(ContainerRequest request, String sandboxId, Instant createdAt, ContainerState state) {
        return new ContainerRecord(
                VERSION,
                request.id(),
                request.name(),
                sandboxId,
                request.image(),
                request.imageId(),
                request.spec(),
                request.user(),
                request.openStdin(),
                request.autoRemove(),
                request.stopSignal(),
                request.labels(),
                request.network().mode().name().toLowerCase(java.util.Locale.ROOT),
                request.network().hostname(),
                request.network().ports(),
                createdAt,
                StateRecord.of(state));
    }

    ContainerRecord with(ContainerState state) {
        return new ContainerRecord(
                version,
                id,
                name,
                sandboxId,
                image,
                imageId,
                spec,
                user,
                openStdin,
                autoRemove,
                stopSignal,
                labels,
                networkMode,
                hostname,
                ports,
                createdAt,
                StateRecord.of(state));
    }

    ContainerRecord with(List<PortMapping> published) {
        return new ContainerRecord(
                version,
                id,
                name,
                sandboxId,
                image,
                imageId,
                spec,
                user,
                openStdin,
                autoRemove,
                stopSignal,
                labels,
                networkMode,
                hostname,
                published,
                createdAt,
                state);
    }

    ContainerRecord with(LinuxSpec limits) {
        RuntimeSpec limited = new RuntimeSpec(
                spec.ociVersion(),
                spec.root(),
                spec.process(),
                spec.hostname(),
                spec.domainname(),
                spec.mounts(),
                spec.hooks(),
                spec.annotations(),
                limits);
        return new ContainerRecord(
                version,
                id,
                name,
                sandboxId,
                image,
                imageId,
                limited,
                user,
                openStdin,
                autoRemove,
                stopSignal,
                labels,
                networkMode,
                hostname,
                ports,
                createdAt,
                state);
    }

    @Nullable
    LinuxResources limits() {
        return spec.linux() == null ? null : spec.linux().resources();
    }

    /** Whether it asks for a network namespace that is nobody else's. */
    static boolean makesNetwork(LinuxSpec linux) {
        return linux.namespaces().stream()
                .anyMatch(namespace -> namespace.type().equals("network")
                        && (namespace.path() == null || namespace.path().isEmpty()));
    }

    /** It has joined others in their VM, with a network of its own in the guest, in which nothing is. */
    boolean isWithoutNetwork() {
        return !sandboxId.equals(id) && spec.linux() != null && makesNetwork(spec.linux());
    }

    public boolean terminal() {
        return spec.process() != null && Boolean.TRUE.equals(spec.process().terminal());
    }
}
