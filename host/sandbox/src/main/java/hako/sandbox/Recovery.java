package hako.sandbox;

import hako.agent.v1.CheckResponse;
import hako.agent.v1.ContainerStatus;
import hako.agent.v1.ProcessStatus;
import hako.base.HakoException;
import hako.vm.StrayProcesses;
import hako.vm.Vm;
import hako.vm.VmRecord;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The start of a daemon: what the last one wrote down is held against the facts (the VMM's process and its answer, the
 * agent's own list), what still runs is adopted, what is half made or gone is cleared away. One thread, before the
 * first door opens.
 */
final class Recovery {
    private static final Logger log = LoggerFactory.getLogger(Recovery.class);
    /** All are asked at once, and the first door waits for the last of them: less than a door-step's patience. */
    private static final Duration AGENT_TIMEOUT = Duration.ofSeconds(20);
    /** How long a caller of the last daemon has to come back for the end of its {@code run --rm}. */
    private static final Duration CALLER_TIMEOUT = Duration.ofSeconds(30);

    private final Sandboxes sandboxes;
    private final Checkpoints checkpoints;
    private final Path runDirectory;
    private final Map<String, SandboxRecord> sandboxRecords = new HashMap<>();
    private final Map<String, Sandbox> adopted = new ConcurrentHashMap<>();

    Recovery(Sandboxes sandboxes, Checkpoints checkpoints) {
        this.sandboxes = sandboxes;
        this.checkpoints = checkpoints;
        this.runDirectory = sandboxes.node().config().run().resolve("sandboxes");
    }

    void run() {
        for (SandboxRecord record : checkpoints.loadSandboxes()) {
            sandboxRecords.put(record.id(), record);
        }
        Queue<Container> ends = new ConcurrentLinkedQueue<>();
        try (ExecutorService all = Executors.newThreadPerTaskExecutor(
                Thread.ofVirtual().name("recovery-", 0).factory())) {
            for (ContainerRecord record : checkpoints.loadContainers()) {
                all.execute(() -> recoverGuarded(record, ends));
            }
        }
        clearAway();
        sandboxes
                .node()
                .network()
                .reconcile(adopted.values().stream()
                        .map(Sandbox::endpoint)
                        .filter(Objects::nonNull)
                        .toList());
        ends.forEach(this::removeLater);
    }

    private void recoverGuarded(ContainerRecord record, Queue<Container> ends) {
        try {
            if (recover(record) instanceof Container container && container.isLeaving()) {
                ends.add(container);
            }
        } catch (RuntimeException e) { // one that cannot be read must not keep the daemon from the others
            log.error("container {} cannot be recovered and is left as it lies: {}", record.name(), e.toString(), e);
        }
    }

    private @Nullable Container recover(ContainerRecord record) {
        return switch (record.state().state()) {
            case ContainerState.Creating() -> {
                log.warn("container {} was being made when the daemon ended: dropped", record.name());
                checkpoints.deleteContainer(record.id());
                yield null;
            }
            case ContainerState.Stopped(var _, ExitReport exit) -> ended(record, exit);
            case ContainerState.Created(), ContainerState.Running(var _), ContainerState.Paused(var _) -> adopt(record);
        };
    }

    private @Nullable Container adopt(ContainerRecord record) {
        SandboxRecord in = sandboxRecords.get(record.sandboxId());
        Optional<Vm> vm = in == null || in.vm() == null
                ? Optional.empty()
                : sandboxes.node().driver().adopt(in.vm());
        if (vm.isEmpty()) {
            return ended(record, lost("its VM ended while no daemon was running"));
        }
        Sandbox sandbox = new Sandbox(in.id(), in.createdAt(), vm.get(), in.endpoint());
        try {
            CheckResponse facts = sandbox.agent().check(AGENT_TIMEOUT);
            for (ContainerStatus status : facts.getContainersList()) {
                if (status.getContainerId().equals(record.id())) {
                    sandbox.goOnMirroring(in.namespace(), GuestSpec.resolvConfs(record.spec()));
                    return adopt(record, sandbox, status);
                }
            }
            vm.get().kill();
            return ended(record, lost("its VM does not know it any more"));
        } catch (HakoException e) {
            vm.get().kill();
            return ended(record, lost("the agent in its VM does not answer: " + e.getMessage()));
        }
    }

    private @Nullable Container adopt(ContainerRecord record, Sandbox sandbox, ContainerStatus status) {
        ContainerProcess init = sandboxes.process(sandbox, record, "");
        if (record.state().state() instanceof ContainerState.Created && init.lostItsCaller()) {
            log.warn("container {}: who was about to start it is gone: dropped", record.name());
            sandbox.vm().kill();
            checkpoints.deleteContainer(record.id());
            return null;
        }
        Container container = new Container(sandboxes, sandbox, record, init);
        sandboxes.add(container);
        adopted.put(sandbox.id(), sandbox);
        if (!(container.state() instanceof ContainerState.Created)) {
            if (record.autoRemove()) {
                init.expectCaller(CALLER_TIMEOUT);
            }
            Set<String> running = status.getProcessesList().stream()
                    .map(ProcessStatus::getProcessId)
                    .collect(Collectors.toSet());
            // Of ours those that the guest knows, not the other way round: a guest does not make execs.
            sandboxes.execIds(record.id()).stream()
                    .filter(running::contains)
                    .forEach(id -> adoptExec(container, sandbox, id));
            goOn(container, status);
        }
        log.info("adopted container {} ({})", record.name(), container.state().label());
        return container;
    }

    private static void goOn(Container container, ContainerStatus status) {
        if (status.getState() != ContainerStatus.State.CREATED) {
            container.follow();
            return;
        }
        try { // written down as running, and not started: the last daemon was killed in between
            container.startInGuest();
        } catch (HakoException e) {
            log.warn("container {}: {}", container.name(), e.getMessage());
        }
    }

    private void adoptExec(Container container, Sandbox sandbox, String id) {
        ContainerProcess exec = sandboxes.process(sandbox, container.record(), id);
        container.add(exec);
        exec.follow(exit -> {});
    }

    private Container ended(ContainerRecord record, ExitReport exit) {
        ContainerRecord last =
                record.with(new ContainerState.Stopped(record.state().startedAt(), exit));
        checkpoints.save(last);
        ContainerProcess init = sandboxes.endedProcess(last, exit);
        Container container = new Container(sandboxes, null, last, init);
        sandboxes.add(container);
        return container;
    }

    private ExitReport lost(String reason) {
        return ExitReport.lost(reason, sandboxes.node().clock().instant());
    }

    /** Everything of this node that no adopted sandbox holds. */
    private void clearAway() {
        List<VmRecord> kept =
                adopted.values().stream().map(sandbox -> sandbox.vm().record()).toList();
        try {
            StrayProcesses.kill(runDirectory, kept)
                    .forEach(stray -> log.warn("ended {}, left over in {}", stray.process(), stray.vmDirectory()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        Set<String> ids = new HashSet<>(sandboxRecords.keySet());
        Checkpoints.list(runDirectory).forEach(d -> ids.add(d.getFileName().toString()));
        ids.removeAll(adopted.keySet());
        adopted.values()
                .forEach(sandbox -> ids.remove(sandbox.directory().getFileName().toString()));
        for (String id : ids) {
            try {
                SharedFolder.remove(runDirectory.resolve(id));
                if (sandboxRecords.get(id) instanceof SandboxRecord gone) {
                    NamespaceMirror.part(id, gone.namespace());
                }
                checkpoints.deleteSandbox(id);
            } catch (HakoException e) {
                log.error("sandbox {}: {}", ContainerId.shortened(id), e.getMessage());
            }
        }
    }

    private void removeLater(Container container) {
        container.init().expectCaller(CALLER_TIMEOUT);
        Thread.ofVirtual().start(() -> sandboxes.remove(container, Sandboxes.FOREVER));
    }
}
