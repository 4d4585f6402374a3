package hako.sandbox;

import com.google.protobuf.ByteString;
import hako.agent.AgentClient;
import hako.agent.v1.BindSandboxRequest;
import hako.agent.v1.ConfigureLinkRequest;
import hako.agent.v1.Route;
import hako.base.HakoException;
import hako.base.Undo;
import hako.network.Endpoint;
import hako.network.NamespaceLink;
import hako.network.WiredNamespace;
import hako.vm.Vm;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
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
    private static final int ENTROPY_BYTES = 64;
    private static final long NANOS = 1_000_000_000L;

    private final String id;
    private final Path directory;
    private final Instant createdAt;
    private final Vm vm;
    private final AgentClient agent;
    private final @Nullable Endpoint endpoint;
    private volatile @Nullable WiredNamespace namespace;
    private volatile @Nullable NamespaceMirror mirror;

    Sandbox(String id, Instant createdAt, Vm vm, @Nullable Endpoint endpoint) {
        this.id = id;
        this.directory = directory(vm);
        this.createdAt = createdAt;
        this.vm = vm;
        this.agent = new AgentClient(vm.agent());
        this.endpoint = endpoint;
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

    /**
     * Its links are those of the namespace from now on.
     *
     * @param resolvConfs of its containers
     */
    void mirror(WiredNamespace wired, List<Path> resolvConfs, Sandboxes sandboxes) {
        if (wired.equals(namespace)) {
            return;
        }
        try (Undo undo = new Undo()) {
            undo.add(() -> partFromNamespace(sandboxes));
            namespace = wired;
            sandboxes.save(this); // whoever finds this sandbox gone takes the redirects back
            mirror = NamespaceMirror.start(this, wired, resolvConfs);
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
        return new SandboxRecord(SandboxRecord.VERSION, id, createdAt, vm.record(), endpoint, namespace);
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
                .setClockNs(now.getEpochSecond() * NANOS + now.getNano())
                .setEntropy(ByteString.copyFrom(entropy))
                .setMachineId(id.substring(0, 32))
                .build();
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
