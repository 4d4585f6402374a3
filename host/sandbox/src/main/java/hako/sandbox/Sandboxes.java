package hako.sandbox;

import hako.agent.AgentClient;
import hako.base.HakoException;
import hako.base.HakoException.Code;
import hako.vm.Vm;
import hako.vm.VmSpec;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All sandboxes and containers of the node: by name and id, from the first checkpoint to the removal of the last file.
 * Threads: any; one per daemon.
 */
public final class Sandboxes implements AutoCloseable {
    /** The caller of a {@code run --rm} is there, or will be gone: its output waits for it. */
    static final Duration FOREVER = Duration.ofDays(365);

    private static final Logger log = LoggerFactory.getLogger(Sandboxes.class);

    private static final Duration EXEC_PATIENCE = Duration.ofSeconds(2);

    private final Node node;
    private final Checkpoints checkpoints;
    private final VmPool pool;

    /** By id. */
    private final Map<String, Making> making = new ConcurrentHashMap<>();

    private final ReentrantLock lock = new ReentrantLock();
    /** By id. Guarded by lock. */
    private final Map<String, Container> containers = new HashMap<>();

    /** Name to id, also of containers that are still being made. Guarded by lock. */
    private final Map<String, String> names = new HashMap<>();

    /** Containers on their way out, by id, as long as a caller reads what they wrote or may come back for it. Guarded by lock. */
    private final Map<String, Container> leaving = new HashMap<>();

    public Sandboxes(Node node) {
        this.node = node;
        this.pool = new VmPool(node);
        this.checkpoints = new Checkpoints(node.config().state());
    }

    /** The VM that a container gets which asks for nothing special. */
    public VmSpec usualVm() {
        return MakeSandbox.usualVm(node);
    }

    /** Returns when the agent in the VM answers. */
    public static void awaitAgent(Vm vm) {
        new AgentClient(vm.agent()).check(Sandbox.BOOT_TIMEOUT);
    }

    /**
     * Nobody wants this container, which is being made, any more: the VM that is made for it ends, and {@link #create} undoes the
     * rest. Of any other container it does nothing.
     */
    public void abandon(String id) {
        Making beingMade = making.get(id);
        if (beingMade != null) {
            beingMade.abandon();
        }
    }

    /** The VM that is made for a container. */
    void making(String id, Vm vm) {
        making.getOrDefault(id, new Making()).began(vm);
    }

    /** A container on its way, which may be given up before it has a VM or after. */
    private static final class Making {
        private @Nullable Vm vm;
        private boolean abandoned;

        synchronized void began(Vm made) {
            vm = made;
            endIfAbandoned();
        }

        synchronized void abandon() {
            abandoned = true;
            endIfAbandoned();
        }

        private void endIfAbandoned() {
            if (abandoned && vm != null) {
                vm.kill();
            }
        }
    }

    /** Makes a container, ready to start, and where it does not join others a VM for it. Whatever fails, nothing is left behind. */
    public Container create(ContainerRequest request) {
        reserve(request.name(), request.id());
        making.put(request.id(), new Making());
        try {
            Container container = new CreateContainer(Creation.of(this, checkpoints, request)).run();
            add(container);
            return container;
        } catch (RuntimeException | Error e) {
            release(request.name(), request.id());
            throw e;
        } finally {
            making.remove(request.id());
        }
    }

    /**
     * @param reference a name, an id, or the beginning of one id only
     * @throws HakoException NOT_FOUND, or INVALID_ARGUMENT when several ids begin so
     */
    public Container container(String reference) {
        lock.lock();
        try {
            Container named = containers.get(names.getOrDefault(reference, reference));
            if (named != null) {
                return named;
            }
            List<Container> matches = reference.isEmpty()
                    ? List.of()
                    : containers.values().stream()
                            .filter(c -> c.id().startsWith(reference))
                            .toList();
            if (matches.size() == 1) {
                return matches.getFirst();
            }
            if (leaving.get(reference) instanceof Container last) {
                return last;
            }
            if (matches.isEmpty()) {
                throw HakoException.user(Code.NOT_FOUND, "no such container: " + reference);
            }
            throw HakoException.user(
                    Code.INVALID_ARGUMENT,
                    "%d containers have ids that begin with %s; write more of it".formatted(matches.size(), reference));
        } finally {
            lock.unlock();
        }
    }

    /** The youngest first. */
    public List<Container> containers() {
        lock.lock();
        try {
            return containers.values().stream()
                    .sorted(Comparator.comparing((Container c) -> c.record().createdAt())
                            .reversed())
                    .toList();
        } finally {
            lock.unlock();
        }
    }

    /** Finds again what was running when the last daemon ended, and clears away what it left half done. */
    public void recover() {
        pool.recover();
        new Recovery(this, checkpoints).run();
    }

    /** Ends what waits for containers; those that run go on. */
    @Override
    public void close() {
        pool.close();
    }

    /** How many VMs wait for containers. */
    public int waitingVms() {
        return pool.waiting();
    }

    VmPool pool() {
        return pool;
    }

    Node node() {
        return node;
    }

    Path containerDirectory(String id) {
        return checkpoints.containerDirectory(id);
    }

    void save(Sandbox sandbox) {
        checkpoints.save(sandbox.record());
    }

    void save(ContainerRecord record) {
        checkpoints.save(record);
    }

    /** A process of an adopted or new sandbox, not yet followed. */
    ContainerProcess process(Sandbox sandbox, ContainerRecord record, String execId) {
        return new ContainerProcess(
                sandbox.agent(),
                record.id(),
                execId,
                processDirectory(record.id(), execId),
                output(record.id(), execId),
                sandbox::failureReason,
                node.clock());
    }

    /** The init of a container whose VM is gone: its output can still be read. */
    ContainerProcess endedProcess(ContainerRecord record, ExitReport exit) {
        ContainerProcess process = new ContainerProcess(
                null,
                record.id(),
                "",
                processDirectory(record.id(), ""),
                output(record.id(), ""),
                _ -> exit.reason(),
                node.clock());
        process.ended(exit);
        return process;
    }

    private OutputLog output(String containerId, String execId) {
        return OutputLog.open(
                processDirectory(containerId, execId).resolve("output"),
                node.config().outputBytes());
    }

    private Path processDirectory(String containerId, String execId) {
        Path directory = checkpoints.containerDirectory(containerId);
        return execId.isEmpty() ? directory : directory.resolve("execs").resolve(execId);
    }

    /** The execs of a container that were written down and not forgotten. */
    List<String> execIds(String containerId) {
        return Checkpoints.list(checkpoints.containerDirectory(containerId).resolve("execs")).stream()
                .map(directory -> directory.getFileName().toString())
                .toList();
    }

    void forgetExec(String containerId, String execId) {
        Checkpoints.deleteTree(
                checkpoints.containerDirectory(containerId).resolve("execs").resolve(execId));
    }

    /** The container has ended: it leaves its sandbox, and if nobody wants it any more, everything else of it goes. */
    void ended(Container container) {
        if (container.record().autoRemove()) {
            release(container.name(), container.id());
        }
        Thread.ofVirtual()
                .name("sandbox-" + ContainerId.shortened(container.id()) + "-end")
                .start(() -> {
                    container.awaitExecs(EXEC_PATIENCE);
                    leave(container);
                    if (container.record().autoRemove()) {
                        remove(container, FOREVER);
                    }
                });
    }

    private void leave(Container container) {
        Sandbox sandbox = container.sandboxOrNull();
        if (sandbox != null) {
            new LeaveSandbox(checkpoints, node, sandbox).run(container.id());
        }
    }

    /** @param readers how long those who still read its output keep it */
    void remove(Container container, Duration readers) {
        release(container.name(), container.id());
        leave(container);
        container.awaitDetached(readers);
        checkpoints.deleteContainer(container.id());
        lock.lock();
        try {
            leaving.remove(container.id());
        } finally {
            lock.unlock();
        }
    }

    void add(Container container) {
        lock.lock();
        try {
            containers.put(container.id(), container);
            if (!container.isLeaving()) {
                names.put(container.name(), container.id());
            }
        } finally {
            lock.unlock();
        }
    }

    private void reserve(String name, String id) {
        if (!ContainerId.isValidName(name)) {
            throw HakoException.user(
                    Code.INVALID_ARGUMENT,
                    "invalid container name \"%s\": letters, digits, _ . - and at most 63 of them, the first a letter or digit"
                            .formatted(name));
        }
        lock.lock();
        try {
            String holder = names.putIfAbsent(name, id);
            if (holder != null) {
                throw HakoException.user(
                        Code.ALREADY_EXISTS,
                        "the name \"%s\" is taken by container %s; remove that one, or choose another name"
                                .formatted(name, ContainerId.shortened(holder)));
            }
        } finally {
            lock.unlock();
        }
    }

    private void release(String name, String id) {
        lock.lock();
        try {
            names.remove(name, id);
            if (containers.remove(id) instanceof Container container) {
                leaving.put(id, container);
            }
        } finally {
            lock.unlock();
        }
    }
}
