package hako.sandbox;

import com.google.protobuf.ByteString;
import hako.agent.AgentClient;
import hako.agent.v1.CreateContainerRequest;
import hako.agent.v1.CreateContainerResponse;
import hako.agent.v1.GuestFile;
import hako.agent.v1.ProcessRequest;
import hako.agent.v1.ReadOutputRequest;
import hako.agent.v1.Rootfs;
import hako.agent.v1.StartContainerRequest;
import hako.agent.v1.Storage;
import hako.base.Undo;
import hako.linux.HostMemory;
import hako.network.Endpoint;
import hako.spec.ProcessSpec;
import hako.spec.RuntimeSpec;
import hako.vm.Device;
import hako.vm.Vm;
import hako.vm.VmSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * VMs that wait for containers: running, on the network, and rehearsed. Under emulation a guest's first container is slow because
 * its kernel's code is translated for it; the rehearsal is that first container. The pool is filled with VMs like the last one
 * that was asked for. Threads: any; filling has one of its own, while it fills.
 */
final class VmPool implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(VmPool.class);
    private static final String REHEARSAL = "rehearsal";
    private static final String PROGRAM = "/.hako-rehearsal";

    /** Of whoever took one: it is served before another is made. */
    private static final Duration COURTESY = Duration.ofSeconds(1);

    private static final Duration PATIENCE = Duration.ofSeconds(20);

    /** How often the host's memory is looked at. */
    private static final Duration PACE = Duration.ofSeconds(1);

    /** For what is being made to be undone. */
    private static final Duration END = Duration.ofSeconds(3);

    /**
     * What the VMs are like.
     *
     * @param image of the root disk; another can take its place
     * @param spec of a container that is rehearsed in them
     */
    record Pattern(Sizing size, Path image, RuntimeSpec spec) {}

    /** @param scratch of its own, empty but for the rehearsal's folder */
    record Ready(Vm vm, Endpoint endpoint, Path scratch, Pattern pattern) {}

    private final Node node;
    private final int size;

    /** Guarded by this, as all below. */
    private final Deque<Ready> ready = new ArrayDeque<>();

    private @Nullable Pattern pattern;
    private boolean filling;
    private boolean watched;
    private @Nullable Vm underWay;
    private boolean closed;

    VmPool(Node node) {
        this.node = node;
        this.size = node.config().pool();
    }

    /** One of this size, the taker's from now on, where one is ready; and the next will be like this. */
    synchronized @Nullable Ready take(Pattern wanted) {
        if (size == 0) {
            return null;
        }
        pattern = wanted;
        return first(wanted.size());
    }

    synchronized int waiting() {
        return ready.size();
    }

    private @Nullable Ready first(Sizing wanted) {
        while (!ready.isEmpty()) {
            Ready next = ready.removeFirst();
            if (next.vm().exited().isDone()) {
                log.warn(
                        "VM {} of the pool died while it waited",
                        ContainerId.shortened(next.vm().id()));
                discardLater(next);
            } else if (!isSameVm(next.pattern().size(), wanted)) {
                discardLater(next);
            } else {
                return next;
            }
        }
        return null;
    }

    /** How many of its processors are online is told to it when it is taken. */
    private boolean isSameVm(Sizing one, Sizing other) {
        return one.memoryBytes() == other.memoryBytes()
                && one.processors(node.config()) == other.processors(node.config());
    }

    /** In the background, when whoever asked for {@code served} has it. */
    synchronized void refillAfter(Vm served) {
        if (closed || filling || size == 0 || pattern == null || isMemoryScarce()) {
            return;
        }
        filling = true;
        Thread.ofVirtual().name("pool").start(() -> {
            try {
                served.exited().get(COURTESY.toMillis(), TimeUnit.MILLISECONDS);
            } catch (TimeoutException e) {
                // it runs on
            } catch (InterruptedException | ExecutionException e) {
                log.debug("pool: {}", e.toString());
            }
            fill();
        });
    }

    private void fill() {
        for (Pattern wanted = wanted(); wanted != null; wanted = wanted()) {
            try {
                Ready made = make(wanted);
                synchronized (this) {
                    if (!closed) {
                        ready.addLast(made);
                        watch();
                        continue;
                    }
                }
                discard(made);
            } catch (RuntimeException | IOException | InterruptedException e) {
                log.warn("fill the pool: {}; VMs are made when they are asked for", e.getMessage());
                synchronized (this) {
                    underWay = null;
                    filling = false;
                    notifyAll();
                }
                return;
            }
        }
    }

    private boolean isMemoryScarce() {
        return HostMemory.available() < node.config().poolReserveBytes();
    }

    /** Looks after the host's memory while VMs wait: they give way to whoever needs it. Guarded by this. */
    private void watch() {
        if (watched) {
            return;
        }
        watched = true;
        Thread.ofVirtual().name("pool-watch").start(() -> {
            while (isWatching()) {
                if (isMemoryScarce()) {
                    drain();
                }
                LockSupport.parkNanos(PACE.toNanos());
            }
        });
    }

    private synchronized boolean isWatching() {
        watched = !closed && !ready.isEmpty();
        return watched;
    }

    private void drain() {
        List<Ready> unused;
        synchronized (this) {
            unused = List.copyOf(ready);
            ready.clear();
        }
        if (!unused.isEmpty()) {
            log.warn(
                    "the host has less than {} MiB of memory available: {} VMs of the pool give way",
                    node.config().poolReserveBytes() >> 20,
                    unused.size());
            unused.forEach(this::discard);
        }
    }

    /** So that it can be ended in the middle of it. */
    private synchronized void began(Vm vm) {
        underWay = vm;
        if (closed) {
            vm.kill();
        }
    }

    /** Null, and nobody fills any more, when the pool is full. */
    private synchronized @Nullable Pattern wanted() {
        boolean goesOn = !closed && ready.size() < size && !isMemoryScarce();
        underWay = null;
        filling = goesOn;
        notifyAll();
        return goesOn ? pattern : null;
    }

    private Ready make(Pattern wanted) throws IOException, InterruptedException {
        String id = ContainerId.random();
        Path directory = node.config().run().resolve("sandboxes").resolve(id);
        Path scratch = folder().resolve(id + ".ext4");
        try (Undo undo = new Undo()) {
            undo.add(() -> SharedFolder.remove(directory));
            Path run = Files.createDirectories(directory.resolve("vm"));
            Files.createDirectories(folder());
            undo.add(() -> delete(scratch));
            BlockRoot.makeScratch(node, scratch);
            Endpoint endpoint = node.network().attach(id, List.of());
            undo.add(() -> node.network().detach(endpoint));
            List<Device> devices = List.of(
                    BlockRoot.FIRST.imageDisk(wanted.image()),
                    BlockRoot.FIRST.scratchDisk(scratch),
                    MakeSandbox.nic(endpoint));
            Vm vm = node.source()
                    .acquire(new VmSpec(
                            id,
                            run,
                            wanted.size().processors(node.config()),
                            wanted.size().memoryBytes(),
                            devices,
                            false));
            undo.add(vm::kill);
            began(vm);
            AgentClient agent = new AgentClient(vm.agent());
            agent.configureLink(Sandbox.link(endpoint), Sandbox.BOOT_TIMEOUT);
            agent.bindSandbox(Sandbox.identity(id, "hako", node.clock().instant()), PATIENCE);
            rehearse(agent, wanted.spec());
            undo.release();
            return new Ready(vm, endpoint, scratch, wanted);
        }
    }

    /** A container like those to come, from creation to deletion; its program ends at once. */
    private static void rehearse(AgentClient agent, RuntimeSpec spec) {
        List<Storage> storages = BlockRoot.FIRST.storages();
        CreateContainerResponse created = agent.createContainer(
                CreateContainerRequest.newBuilder()
                        .setContainerId(REHEARSAL)
                        .setSpecJson(ByteString.copyFrom(rehearsed(spec).toJson()))
                        .setRootfs(Rootfs.newBuilder()
                                .addLower(storages.getFirst().getTarget())
                                .setUpper(storages.getLast().getTarget() + "/" + REHEARSAL))
                        .addAllStorages(storages)
                        .addFiles(GuestFile.newBuilder()
                                .setPath(PROGRAM)
                                .setMode(0755)
                                .setContent(ByteString.copyFrom(ExitProgram.elf())))
                        .build(),
                PATIENCE);
        if (created.hasFailure()) {
            throw Container.startFailure(created.getFailure());
        }
        agent.startContainer(
                StartContainerRequest.newBuilder().setContainerId(REHEARSAL).build(), PATIENCE);
        agent.readOutput(
                ReadOutputRequest.newBuilder()
                        .setContainerId(REHEARSAL)
                        .setMaxBytes(1024)
                        .build(),
                PATIENCE);
        agent.waitProcess(ProcessRequest.newBuilder().setContainerId(REHEARSAL).build(), PATIENCE);
        agent.deleteContainer(
                hako.agent.v1.ContainerRequest.newBuilder()
                        .setContainerId(REHEARSAL)
                        .build(),
                PATIENCE);
    }

    private static RuntimeSpec rehearsed(RuntimeSpec spec) {
        ProcessSpec process = spec.process();
        return new RuntimeSpec(
                spec.ociVersion(),
                spec.root(),
                new ProcessSpec(
                        false,
                        null,
                        new ProcessSpec.User(0, 0, null, List.of(), null),
                        List.of(PROGRAM),
                        List.of(),
                        "/",
                        process.capabilities(),
                        process.rlimits(),
                        process.noNewPrivileges(),
                        null,
                        null,
                        null),
                spec.hostname(),
                spec.domainname(),
                spec.mounts(),
                null,
                spec.annotations(),
                spec.linux());
    }

    private void discardLater(Ready unused) {
        Thread.ofVirtual().name("pool-discard").start(() -> discard(unused));
    }

    /** What nobody needs any more. */
    void discard(Ready unused) {
        List<Runnable> steps = List.of(
                unused.vm()::kill,
                () -> node.network().detach(unused.endpoint()),
                () -> SharedFolder.remove(Sandbox.directory(unused.vm())),
                () -> delete(unused.scratch()));
        for (Runnable step : steps) {
            try {
                step.run();
            } catch (RuntimeException e) {
                log.warn("pool: discard a VM: {}", e.getMessage());
            }
        }
    }

    private Path folder() {
        return node.config().state().resolve("pool");
    }

    private static void delete(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            log.warn("remove {}: {}", file, e.toString());
        }
    }

    /** Of the last daemon's pool; its VMs are nobody's, and ended as such. */
    void recover() {
        Checkpoints.deleteTree(folder());
    }

    /** Ends what waits, and what is being made. */
    @Override
    public void close() {
        List<Ready> unused;
        Vm unfinished;
        synchronized (this) {
            closed = true;
            unused = List.copyOf(ready);
            ready.clear();
            unfinished = underWay;
        }
        if (unfinished != null) {
            unfinished.kill();
        }
        unused.forEach(this::discard);
        awaitFiller();
    }

    private synchronized void awaitFiller() {
        long deadline = System.nanoTime() + END.toNanos();
        try {
            while (filling && System.nanoTime() < deadline) {
                wait(Math.max(1, (deadline - System.nanoTime()) / 1_000_000));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
