package hako.sandbox;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.fail;

import hako.base.HakoException;
import hako.linux.HostFiles;
import hako.network.BridgeNetwork;
import hako.network.NetworkConfig;
import hako.sandbox.SandboxConfig.Writable;
import hako.spec.LinuxSpec;
import hako.spec.ProcessSpec;
import hako.spec.RuntimeSpec;
import hako.storage.RootFilesystem;
import hako.storage.ScratchDisk;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A host for tests: folders, fake VMs, and one daemon's {@link Sandboxes} after another. */
final class FakeNode {
    static final Duration SOON = Duration.ofSeconds(5);

    final FakeVmDriver vms = new FakeVmDriver();
    private final Path directory;
    private final AtomicLong ticks = new AtomicLong();
    private volatile Duration jumped = Duration.ZERO;
    private final InstantSource clock =
            () -> Instant.parse("2026-01-01T00:00:00Z").plus(jumped).plusMillis(ticks.incrementAndGet());
    private final List<Sandboxes> daemons = new ArrayList<>();
    private Path state;
    Sandboxes sandboxes;

    FakeNode(Path directory) {
        this.directory = directory;
        this.state = directory.resolve("lib0");
        this.sandboxes = new Sandboxes(node(state));
        daemons.add(sandboxes);
    }

    private Node node(Path stateDirectory) {
        Path run = directory.resolve("run");
        NetworkConfig network =
                NetworkConfig.of("hktestnone", "10.255.254.0/24", 1500).withLockDirectory(directory);
        return new Node(
                new SandboxConfig(run, stateDirectory, 1, 2, 64 << 20, Writable.MEMORY, 1 << 20, 0, 0, List.of()),
                vms,
                vms,
                new BridgeNetwork(network, stateDirectory),
                new ScratchDisk(stateDirectory, 16 << 20),
                clock);
    }

    /**
     * {@code kill -9} of the daemon, and a new one. The dead one cannot be ended, being threads of this JVM; but its
     * connections are silent, and it keeps its own folders: the new one gets a copy of what is on disk now.
     */
    Sandboxes restart() {
        return restart(copied -> {});
    }

    InstantSource clock() {
        return clock;
    }

    void clockJumps(Duration by) {
        jumped = jumped.plus(by);
    }

    interface Meanwhile {
        void happens(Path state) throws IOException;
    }

    Sandboxes restart(Meanwhile meanwhile) {
        vms.daemonDies();
        Path copy = directory.resolve("lib" + daemons.size());
        try {
            Files.createDirectories(state);
            copy(state, copy);
            meanwhile.happens(copy);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        state = copy;
        sandboxes = new Sandboxes(node(copy));
        daemons.add(sandboxes);
        sandboxes.recover();
        return sandboxes;
    }

    /** As it is at this instant: what goes meanwhile is not copied. */
    private static void copy(Path from, Path to) throws IOException {
        Files.walkFileTree(from, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes)
                    throws IOException {
                Files.createDirectories(to.resolve(from.relativize(directory)));
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                try {
                    Files.copy(file, to.resolve(from.relativize(file)));
                } catch (NoSuchFileException e) {
                    // it is gone
                }
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException e) {
                return FileVisitResult.CONTINUE;
            }
        });
    }

    /** Ends what still runs and waits until nobody writes any more, so that the folders can go. */
    void end() throws Exception {
        vms.endAll();
        for (Sandboxes daemon : daemons) {
            for (Container container : daemon.containers()) {
                if (hears(container) && !(container.state() instanceof ContainerState.Created)) {
                    exit(container.init());
                    Path directory = run().resolve("sandboxes").resolve(container.id());
                    eventually("its run directory goes", () -> !Files.exists(directory));
                }
            }
        }
    }

    /** Whether the container's daemon hears of its VM's end: a dead one does not. */
    private static boolean hears(Container container) {
        Sandbox sandbox = container.sandboxOrNull();
        return sandbox != null && !sandbox.agent().connection().isOpen();
    }

    // -- what tests ask for --------------------------------------------------------------------------------------

    ContainerRequest request(String name) {
        return request(ContainerId.random(), name, false);
    }

    ContainerRequest request(String id, String name, boolean autoRemove) {
        return request(id, name, autoRemove, null, SandboxRequest.OWN);
    }

    /** For the sandbox that {@code other} lives in. */
    ContainerRequest joining(Container other, String name) {
        return joining(other, name, null);
    }

    ContainerRequest joining(Container other, String name, @Nullable LinuxSpec limits) {
        SandboxRequest join = new SandboxRequest.Join(other.id(), Map.of("ipc", other.id()));
        return request(ContainerId.random(), name, false, limits, join);
    }

    ContainerRequest request(
            String id, String name, boolean autoRemove, @Nullable LinuxSpec linux, SandboxRequest sandbox) {
        ProcessSpec process = new ProcessSpec(
                false, null, null, List.of("sh"), List.of("A=1"), "/", null, List.of(), null, null, null, null);
        RuntimeSpec spec = new RuntimeSpec(null, null, process, null, null, List.of(), null, Map.of(), linux);
        return new ContainerRequest(
                id,
                name,
                "alpine",
                "sha256:0",
                new RootFilesystem.Block(directory.resolve("root.erofs")),
                spec,
                "",
                true,
                autoRemove,
                new NetworkRequest(NetworkRequest.Mode.NONE, name, List.of(), List.of()),
                15,
                Map.of(),
                sandbox,
                HostFiles.OURS);
    }

    Container created(String name) {
        return sandboxes.create(request(name));
    }

    Container started(String name) {
        return started(created(name));
    }

    Container startedAutoRemoved(String name) {
        return started(sandboxes.create(request(ContainerId.random(), name, true)));
    }

    private static Container started(Container container) {
        container.start();
        return container;
    }

    FakeVm vm(Container container) {
        return vms.vm(container.record().sandboxId());
    }

    FakeAgent agent(Container container) {
        return vm(container).fakeAgent();
    }

    FakeProcess init(Container container) {
        return agent(container).init(container.id());
    }

    FakeProcess exec(Container container, ContainerProcess exec) {
        return agent(container).exec(container.id(), exec.id());
    }

    static ExecRequest execRequest() {
        return new ExecRequest(List.of("ls"), List.of("B=2"), "", "", false, null, false);
    }

    // -- what tests look at --------------------------------------------------------------------------------------

    Path containerFile(Container container) {
        return state.resolve("containers").resolve(container.id()).resolve("container.json");
    }

    Path state() {
        return state;
    }

    Path run() {
        return directory.resolve("run");
    }

    /** Every file that belongs to a sandbox or container. */
    List<Path> files() {
        return Stream.of(state.resolve("containers"), state.resolve("sandboxes"), run().resolve("sandboxes"))
                .flatMap(parent -> Checkpoints.list(parent).stream())
                .toList();
    }

    static ExitReport exit(ContainerProcess process) throws Exception {
        return process.exited().get(SOON.toMillis(), TimeUnit.MILLISECONDS);
    }

    /** Everything that is in the log now; both streams. */
    static String output(ContainerProcess process) throws Exception {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        try (OutputReader reader = process.output().reader(0, false)) {
            for (OutputReader.Chunk c = reader.next(false); c != null; c = reader.next(false)) {
                all.write(c.bytes());
                reader.advance(c);
            }
        }
        return all.toString(UTF_8);
    }

    boolean knows(Container container) {
        try {
            return sandboxes.container(container.id()) == container;
        } catch (HakoException e) {
            return false;
        }
    }

    static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Waits for what another thread is about to do. */
    static void eventually(String what, Callable<Boolean> condition) throws Exception {
        eventually(what, SOON, condition);
    }

    static void eventually(String what, Duration patience, Callable<Boolean> condition) throws Exception {
        long deadline = System.nanoTime() + patience.toNanos();
        while (!condition.call()) {
            if (System.nanoTime() > deadline) {
                fail("in vain: " + what);
            }
            Thread.sleep(2);
        }
    }
}
