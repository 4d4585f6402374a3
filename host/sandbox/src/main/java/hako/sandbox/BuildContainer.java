package hako.sandbox;

import com.google.protobuf.ByteString;
import hako.agent.AgentClient;
import hako.agent.v1.CheckResponse;
import hako.agent.v1.CreateContainerRequest;
import hako.agent.v1.CreateContainerResponse;
import hako.agent.v1.OnlineCpusRequest;
import hako.agent.v1.SharedNamespace;
import hako.agent.v1.Storage;
import hako.base.HakoException;
import hako.network.Endpoint;
import hako.spec.RuntimeSpec;
import hako.ttrpc.TtrpcCall;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Has a guest build a container. What it was asked before need not have been answered: after a boot all of it costs one round
 * trip.
 */
final class BuildContainer {
    private static final int CONSOLE_BYTES = 2000;
    private static final Logger log = LoggerFactory.getLogger(BuildContainer.class);

    private final Creation creation;
    private final Sandbox sandbox;

    BuildContainer(Creation creation, Sandbox sandbox) {
        this.creation = creation;
        this.sandbox = sandbox;
    }

    /**
     * The first of a sandbox, whose guest learns who it is.
     *
     * @param guestSpec with paths of the guest
     * @param unconfigured its endpoint, where the guest does not have it yet
     */
    Container first(
            ContainerRecord record,
            GuestRoot root,
            RuntimeSpec guestSpec,
            Sizing size,
            @Nullable Endpoint unconfigured) {
        AgentClient agent = sandbox.agent();
        TtrpcCall<CheckResponse> check = agent.startCheck();
        List<TtrpcCall<?>> asked = new ArrayList<>(List.of(check));
        asked.add(agent.startBindSandbox(sandbox.identity(
                creation.request().network().hostname(), creation.node().clock().instant())));
        if (size.vcpus() > 1) {
            asked.add(agent.startOnlineCpus(
                    OnlineCpusRequest.newBuilder().setCount(size.vcpus()).build()));
        }
        if (unconfigured != null) {
            asked.add(agent.startConfigureLink(Sandbox.link(unconfigured)));
        }
        Duration plugged = creation.elapsed();
        Container container = build(record, root, guestSpec, asked);
        // What BindSandbox said of the time was said before the guest was up. No need to wait: what starts comes after
        // it.
        agent.startSetClock(Sandbox.clock(creation.node().clock().instant()));
        log.debug(
                "sandbox {}: plugged after {} ms, agent ready {} ms into the guest's life, container built after {} ms",
                ContainerId.shortened(sandbox.id()),
                plugged.toMillis(),
                check.await().getReadyUptimeUs() / 1000,
                creation.elapsed().toMillis());
        return container;
    }

    /** One more. */
    Container next(ContainerRecord record, GuestRoot root, RuntimeSpec guestSpec) {
        return build(record, root, guestSpec, List.of());
    }

    private Container build(ContainerRecord record, GuestRoot root, RuntimeSpec guestSpec, List<TtrpcCall<?>> asked) {
        CreateContainerResponse created = await(asked, sandbox.agent().startCreateContainer(wanted(root, guestSpec)));
        if (created.hasFailure()) {
            throw Container.startFailure(created.getFailure());
        }
        Sandboxes sandboxes = creation.sandboxes();
        Container container = new Container(sandboxes, sandbox, record, sandboxes.process(sandbox, record, ""));
        container.created();
        return container;
    }

    private CreateContainerRequest wanted(GuestRoot root, RuntimeSpec guestSpec) {
        ContainerRequest request = creation.request();
        CreateContainerRequest.Builder wanted = CreateContainerRequest.newBuilder()
                .setContainerId(request.id())
                .addAllFiles(GuestFiles.of(
                        request.network(),
                        sandbox.endpoint(),
                        creation.node().config().dns()))
                .setUser(request.user())
                .setOpenStdin(request.openStdin());
        if (sandbox.vm().isPrepared() && request.sandbox() instanceof SandboxRequest.New) {
            return wanted.setPrepared(true)
                    .setSpecJson(ByteString.copyFrom(PreparedContainer.told(request)))
                    .build();
        }
        if (sandbox.shared().isUsedBy(request.id())) {
            wanted.addStorages(
                    Storage.newBuilder().setVirtiofsTag(SharedFolder.TAG).setTarget(SharedFolder.GUEST_PATH));
        }
        if (request.sandbox() instanceof SandboxRequest.Join join) {
            join.namespaces()
                    .forEach((type, containerId) -> wanted.addSharedNamespaces(
                            SharedNamespace.newBuilder().setType(type).setContainerId(containerId)));
        }
        return wanted.setSpecJson(ByteString.copyFrom(guestSpec.toJson()))
                .setRootfs(root.rootfs())
                .addAllStorages(root.storages())
                .addAllDevices(creation.hostDevices().told())
                .build();
    }

    private CreateContainerResponse await(List<TtrpcCall<?>> asked, TtrpcCall<CreateContainerResponse> create) {
        try {
            Duration patience = Sandbox.BOOT_TIMEOUT;
            for (TtrpcCall<?> call : asked) {
                call.await(patience);
            }
            return create.await(patience);
        } catch (HakoException e) {
            if (sandbox.vm().exited().isDone()) {
                throw failed(sandbox.lossReason(), e);
            }
            if (e.code() == HakoException.Code.TIMEOUT) {
                String console = sandbox.vm().console(CONSOLE_BYTES);
                throw failed(e.getMessage() + "; its console ends: " + console, e);
            }
            throw e;
        }
    }

    private HakoException failed(String reason, HakoException cause) {
        return new HakoException(
                HakoException.Kind.EXTERNAL,
                HakoException.Code.VM_FAILED,
                "start VM %s: %s".formatted(ContainerId.shortened(sandbox.id()), reason),
                cause);
    }
}
