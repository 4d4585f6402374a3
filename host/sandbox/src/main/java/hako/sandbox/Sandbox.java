package hako.sandbox;

import com.google.protobuf.ByteString;
import hako.agent.AgentClient;
import hako.agent.v1.BindSandboxRequest;
import hako.agent.v1.ConfigureLinkRequest;
import hako.agent.v1.Route;
import hako.agent.v1.SetClockRequest;
import hako.base.HakoException;
import hako.base.Undo;
import hako.network.Endpoint;
import hako.network.NamespaceLink;
import hako.network.WiredNamespace;
import hako.vm.Device;
import hako.vm.Vm;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A VM with an identity: the isolation boundary that one container, or the containers of one pod, share. Threads: any;
 * owned by {@link Sandboxes}.
 */
final class Sandbox {
    /** Long enough for a slow host to boot a guest under emulation; a failed boot is reported long before. */
    static final Duration BOOT_TIMEOUT = Duration.ofSeconds(60);

    private static final Logger log = LoggerFactory.getLogger(Sandbox.class);

    private static final SecureRandom RANDOM = new SecureRandom();
    private static final Duration CLOCK_TIMEOUT = Duration.ofSeconds(10);
    private static final int ENTROPY_BYTES = 64;
    private static final long NANOS = 1_000_000_000L;

    private final String id;
    private final Path directory;
    private final Instant createdAt;
    private final Vm vm;
    private final AgentClient agent;
    private final @Nullable Endpoint endpoint;
    private final SharedFolder shared;
    private final SandboxMembers members;
    private final Uses hostDisks = new Uses();

    /** Held while something is plugged, shared or given back, and while its memory changes. */
    private final ReentrantLock changing = new ReentrantLock();

    private final GuestReleases releases;

    /** Guarded by changing. */
    private @Nullable List<Runnable> ending;

    private volatile @Nullable WiredNamespace namespace;
    private volatile @Nullable NamespaceMirror mirror;

    Sandbox(
            String id,
            Instant createdAt,
            Vm vm,
            @Nullable Endpoint endpoint,
            SharedFolder shared,
            SandboxMembers members) {
        this.id = id;
        this.directory = directory(vm);
        this.createdAt = createdAt;
        this.vm = vm;
        this.agent = new AgentClient(vm.agent());
        this.endpoint = endpoint;
        this.shared = shared;
        this.members = members;
        this.releases = new GuestReleases(id, vm, changing, GuestReleases.PAUSE);
    }

    /** Of whoever has it: where its run directory lies, which it keeps though it has waited under another name. */
    static Path directory(Vm vm) {
        return Path.of(vm.record().directory()).getParent();
    }

    String id() {
        return id;
    }

    Path directory() {
        return directory;
    }

    Vm vm() {
        return vm;
    }

    AgentClient agent() {
        return agent;
    }

    @Nullable
    Endpoint endpoint() {
        return endpoint;
    }

    SharedFolder shared() {
        return shared;
    }

    SandboxMembers members() {
        return members;
    }

    ReentrantLock changing() {
        return changing;
    }

    /** Plugs the shared folder when it is needed and not there. @return whether it was */
    boolean plugShared() {
        Optional<Device> folder = shared.unplugged();
        folder.ifPresent(device -> {
            vm.plug(device);
            shared.isPlugged();
        });
        return folder.isPresent();
    }

    /**
     * Disks of the host that a container has; one that others have too is there already. What one that has left had, and the guest has not let
     * go of, it must first.
     */
    void plugHostDisks(String containerId, HostDevices devices) {
        for (Device.HostDisk disk : devices.disks()) {
            if (hostDisks.add(disk.id(), containerId)) {
                releases.require(disk.id(), () -> vm.unplug(disk.id()));
                vm.plug(disk);
            }
        }
    }

    /** Which container has which, by the disk's id. */
    Uses hostDisks() {
        return hostDisks;
    }

    /** What is still to be done of its end. */
    List<Runnable> ending(Supplier<List<Runnable>> steps) {
        if (ending == null) {
            ending = steps.get();
        }
        return ending;
    }

    GuestReleases releases() {
        return releases;
    }

    /** What was plugged for a container that has left. What the guest cannot let go of now is returned as it is freed. */
    void giveBackMemory() {
        vm.resize(members.neededBytes());
    }

    /**
     * Its links are those of the namespace from now on. Those of another one it cannot have beside them.
     *
     * @param container which is to have them
     */
    void mirror(WiredNamespace wired, ContainerRecord container, Sandboxes sandboxes) {
        WiredNamespace there = namespace;
        if (there != null && there.inode() == wired.inode()) {
            return;
        }
        if (there != null || container.isWithoutNetwork()) {
            NamespaceMirror.requireNone(this, wired);
            return;
        }
        try (Undo undo = new Undo()) {
            undo.add(() -> partFromNamespace(sandboxes));
            namespace = wired;
            sandboxes.save(this); // whoever finds this sandbox gone takes the redirects back
            mirror = NamespaceMirror.start(this, wired, GuestSpec.resolvConfs(container, shared));
            undo.release();
        }
    }

    /** As an earlier daemon has left it. */
    void goOnMirroring(@Nullable WiredNamespace wired, List<Path> resolvConfs) {
        namespace = wired;
        if (wired == null) {
            return;
        }
        try {
            mirror = NamespaceMirror.goOn(this, wired, resolvConfs);
        } catch (HakoException e) {
            log.warn("sandbox {}: its links are not followed: {}", ContainerId.shortened(id), e.getMessage());
        }
    }

    private void partFromNamespace(Sandboxes sandboxes) {
        part();
        namespace = null;
        sandboxes.save(this);
    }

    /** Whoever wired the namespace has its links again. */
    void part() {
        if (mirror != null) {
            mirror.close();
        }
        NamespaceMirror.part(id, namespace);
    }

    SandboxRecord record() {
        return new SandboxRecord(
                SandboxRecord.VERSION,
                id,
                createdAt,
                vm.record(),
                endpoint,
                namespace,
                shared.entries(),
                members.isSized());
    }

    BindSandboxRequest identity(String hostname, Instant now) {
        return identity(id, hostname, now);
    }

    /** @param id 32 hex digits or more */
    static BindSandboxRequest identity(String id, String hostname, Instant now) {
        byte[] entropy = new byte[ENTROPY_BYTES];
        RANDOM.nextBytes(entropy);
        return BindSandboxRequest.newBuilder()
                .setSandboxId(id)
                .setHostname(hostname)
                .setClockNs(nanos(now))
                .setEntropy(ByteString.copyFrom(entropy))
                .setMachineId(id.substring(0, 32))
                .build();
    }

    void setClock(Instant now) {
        agent.setClock(clock(now), CLOCK_TIMEOUT);
    }

    static SetClockRequest clock(Instant now) {
        return SetClockRequest.newBuilder().setClockNs(nanos(now)).build();
    }

    /** Since 1970. */
    static long nanos(Instant time) {
        return time.getEpochSecond() * NANOS + time.getNano();
    }

    static ConfigureLinkRequest link(Endpoint endpoint) {
        return ConfigureLinkRequest.newBuilder()
                .setMac(endpoint.mac())
                .setName("eth0")
                .setMtu(endpoint.mtu())
                .addAddresses(endpoint.address())
                .addRoutes(Route.newBuilder().setGateway(endpoint.gateway()))
                .build();
    }

    /** @param mac the card was plugged with */
    static ConfigureLinkRequest link(String mac, NamespaceLink link) {
        ConfigureLinkRequest.Builder request = ConfigureLinkRequest.newBuilder()
                .setMac(mac)
                .setNewMac(link.mac())
                .setDown(!link.up())
                .setName(link.name())
                .setMtu(link.mtu())
                .addAllAddresses(link.addresses());
        link.routes()
                .forEach(route -> request.addRoutes(
                        Route.newBuilder().setDestination(route.destination()).setGateway(route.gateway())));
        return request.build();
    }

    /** Why a call failed: as the agent said, or, where it says nothing any more, why. */
    String failureReason(HakoException failure) {
        boolean answered = agent.connection().isOpen() || failure.code() == HakoException.Code.TIMEOUT;
        return answered ? Container.printable(String.valueOf(failure.getMessage())) : lossReason();
    }

    /** Why the agent no longer answers: the VM's own end, given a moment to become known. */
    String lossReason() {
        try {
            return vm.exited().get(2, TimeUnit.SECONDS).reason();
        } catch (TimeoutException e) {
            return "the agent in the VM stopped answering";
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return "interrupted";
        } catch (java.util.concurrent.ExecutionException e) {
            return String.valueOf(e.getCause());
        }
    }
}
