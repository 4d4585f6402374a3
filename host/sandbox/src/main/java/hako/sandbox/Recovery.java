package hako.sandbox;

import hako.agent.v1.ContainerStatus;
import hako.agent.v1.ProcessStatus;
import hako.base.HakoException;
import hako.vm.StrayProcesses;
import hako.vm.Vm;
import hako.vm.VmRecord;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
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
import java.util.function.Function;
import java.util.stream.Collectors;
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
    private final Queue<Container> ends = new ConcurrentLinkedQueue<>();

    Recovery(Sandboxes sandboxes, Checkpoints checkpoints) {
        this.sandboxes = sandboxes;
        this.checkpoints = checkpoints;
        this.runDirectory = sandboxes.node().config().run().resolve("sandboxes");
    }

    void run() {
        for (SandboxRecord record : checkpoints.loadSandboxes()) {
            sandboxRecords.put(record.id(), record);
        }
        Map<String, List<ContainerRecord>> bySandbox = checkpoints.loadContainers().stream()
                .collect(Collectors.groupingBy(record -> String.valueOf(record.sandboxId())));
        try (ExecutorService all = Executors.newThreadPerTaskExecutor(
                Thread.ofVirtual().name("recovery-", 0).factory())) {
            bySandbox.forEach((id, records) -> all.execute(() -> recover(id, records)));
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

    /** The containers of one sandbox. */
    private void recover(String sandboxId, List<ContainerRecord> records) {
        List<ContainerRecord> living = new ArrayList<>();
        for (ContainerRecord record : records) {
            guarded(record, () -> {
                switch (record.state().state()) {
                    case ContainerState.Creating() -> drop(record, "it was being made when the daemon ended");
                    case ContainerState.Stopped(var _, ExitReport exit) -> ended(record, exit);
                    case ContainerState.Created(), ContainerState.Running(var _), ContainerState.Paused(var _) ->
                        living.add(record);
                }
            });
        }
        if (!living.isEmpty()) {
            try {
                recoverLiving(sandboxId, living, records);
            } catch (RuntimeException e) {
                log.error("sandbox {} cannot be recovered", ContainerId.shortened(sandboxId), e);
                if (!adopted.containsKey(sandboxId)) {
                    living.forEach(record ->
                            guarded(record, () -> lost(record, "its VM cannot be taken over: " + e.getMessage())));
                }
            }
        }
    }

    /** One that cannot be read must not keep the daemon from the others. */
    private static void guarded(ContainerRecord record, Runnable work) {
        try {
            work.run();
        } catch (RuntimeException e) {
            log.error("container {} cannot be recovered and is left as it lies: {}", record.name(), e.toString(), e);
        }
    }

    /** @param all of its containers; the guest may still have what had ended, or was being made */
    private void recoverLiving(String sandboxId, List<ContainerRecord> records, List<ContainerRecord> all) {
        SandboxRecord in = sandboxRecords.get(sandboxId);
        Optional<Vm> vm = in == null || in.vm() == null
                ? Optional.empty()
                : sandboxes.node().driver().adopt(in.vm());
        if (vm.isEmpty()) {
            records.forEach(record -> guarded(record, () -> lost(record, "its VM ended while no daemon was running")));
            return;
        }
        Sandbox sandbox = sandbox(in, vm.get());
        Map<String, ContainerStatus> facts;
        try {
            facts = sandbox.agent().check(AGENT_TIMEOUT).getContainersList().stream()
                    .collect(Collectors.toMap(ContainerStatus::getContainerId, Function.identity(), (one, _) -> one));
        } catch (HakoException e) {
            vm.get().kill();
            String reason = "the agent in its VM does not answer: " + e.getMessage();
            records.forEach(record -> guarded(record, () -> lost(record, reason)));
            return;
        }
        List<ContainerRecord> found = found(sandbox, records, facts.keySet());
        if (found.isEmpty()) {
            vm.get().kill();
            return;
        }
        // all of them, before the first one may end
        found.forEach(record -> sandbox.members().enter(record.id(), record.limits()));
        adopted.put(sandbox.id(), sandbox);
        // Nobody saw whether the host's clock jumped meanwhile.
        sandbox.agent().startSetClock(Sandbox.clock(sandboxes.node().clock().instant()));
        List<Path> resolvConfs = found.stream()
                .flatMap(record -> GuestSpec.resolvConfs(record, sandbox.shared()).stream())
                .distinct()
                .toList();
        all.forEach(record -> guarded( // what those had who have left is taken away with the rest of them
                record,
                () -> HostDevices.of(record.spec())
                        .disks()
                        .forEach(disk -> sandbox.hostDisks().add(disk.id(), record.id()))));
        sandbox.goOnMirroring(in.namespace(), resolvConfs);
        Set<String> members = found.stream().map(ContainerRecord::id).collect(Collectors.toSet());
        keepOnly(sandbox, members);
        found.forEach(record -> guarded(record, () -> adopt(record, sandbox, facts.get(record.id()))));
        Set<String> others = all.stream().map(ContainerRecord::id).collect(Collectors.toSet());
        others.removeAll(members); // also what the guest says it does not know
        later(sandbox.id(), "evict", () -> evict(sandbox, others));
    }

    private Sandbox sandbox(SandboxRecord in, Vm vm) {
        boolean isPlugged = in.vm() != null
                && in.vm().helpers().stream()
                        .anyMatch(helper -> helper.deviceId().equals(SharedFolder.TAG));
        Sandbox sandbox = new Sandbox(
                in.id(),
                in.createdAt(),
                vm,
                in.endpoint(),
                new SharedFolder(Sandbox.directory(vm), in.shared(), isPlugged),
                new SandboxMembers(in.id(), in.isSized(), sandboxes.node().config()));
        return sandbox;
    }

    /** Those that go on. */
    private List<ContainerRecord> found(Sandbox sandbox, List<ContainerRecord> records, Set<String> known) {
        List<ContainerRecord> found = new ArrayList<>();
        for (ContainerRecord record : records) {
            guarded(record, () -> {
                if (!known.contains(record.id())) {
                    lost(record, "its VM does not know it any more");
                } else if (record.state().state() instanceof ContainerState.Created
                        && sandboxes.process(sandbox, record, "").lostItsCaller()) {
                    drop(record, "who was about to start it is gone");
                } else {
                    found.add(record);
                }
            });
        }
        return found;
    }

    /** Of what is shared; nobody else knows of this sandbox yet. */
    private void keepOnly(Sandbox sandbox, Set<String> members) {
        try {
            sandbox.shared().keepFor(members);
            checkpoints.save(sandbox.record());
        } catch (HakoException e) {
            log.warn("sandbox {}: clean up: {}", ContainerId.shortened(sandbox.id()), e.getMessage());
        }
    }

    /** What a guest is waited for with: one that does not answer must not keep the first door closed. */
    private static void later(String id, String what, Runnable work) {
        Thread.ofVirtual()
                .name("recovery-" + ContainerId.shortened(id) + "-" + what)
                .start(work);
    }

    private void evict(Sandbox sandbox, Set<String> others) {
        LeaveSandbox leave = new LeaveSandbox(checkpoints, sandboxes.node(), sandbox);
        for (String other : others) {
            sandbox.changing().lock();
            try {
                if (!sandbox.members().isOver()) {
                    leave.evict(other);
                }
            } finally {
                sandbox.changing().unlock();
            }
        }
    }

    private void adopt(ContainerRecord record, Sandbox sandbox, ContainerStatus status) {
        ContainerProcess init = sandboxes.process(sandbox, record, "");
        Container container = new Container(sandboxes, sandbox, record, init);
        sandboxes.add(container);
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
    }

    private static void goOn(Container container, ContainerStatus status) {
        if (status.getState() != ContainerStatus.State.CREATED) {
            container.follow();
            return;
        }
        later(
                container.id(),
                "start",
                () -> { // written down as running: the last daemon was killed in between
                    try {
                        container.startInGuest();
                    } catch (HakoException e) {
                        log.warn("container {}: {}", container.name(), e.getMessage());
                    }
                });
    }

    private void adoptExec(Container container, Sandbox sandbox, String id) {
        ContainerProcess exec = sandboxes.process(sandbox, container.record(), id);
        container.add(exec);
        exec.follow(exit -> {});
    }

    private void drop(ContainerRecord record, String reason) {
        log.warn("container {}: {}: dropped", record.name(), reason);
        checkpoints.deleteContainer(record.id());
    }

    private void lost(ContainerRecord record, String reason) {
        ended(record, ExitReport.lost(reason, sandboxes.node().clock().instant()));
    }

    private void ended(ContainerRecord record, ExitReport exit) {
        ContainerRecord last =
                record.with(new ContainerState.Stopped(record.state().startedAt(), exit));
        checkpoints.save(last);
        ContainerProcess init = sandboxes.endedProcess(last, exit);
        Container container = new Container(sandboxes, null, last, init);
        sandboxes.add(container);
        if (container.isLeaving()) {
            ends.add(container);
        }
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
