package hako.oci;

import hako.agent.v1.StatsResponse;
import hako.base.HakoException;
import hako.base.HakoException.Code;
import hako.base.Undo;
import hako.door.Json;
import hako.door.Signals;
import hako.linux.Fd;
import hako.linux.HostFiles;
import hako.linux.PidFd;
import hako.linux.Poller;
import hako.network.NamespaceNetwork;
import hako.network.WiredNamespace;
import hako.sandbox.Container;
import hako.sandbox.ContainerProcess;
import hako.sandbox.ContainerState;
import hako.sandbox.ExitReport;
import hako.sandbox.Sandboxes;
import hako.spec.LinuxResources;
import hako.spec.LinuxSpec;
import hako.spec.ProcessSpec;
import hako.spec.RuntimeSpec;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A container as this door's callers know it: by root and id, with the states and refusals of the runtime specification and
 * runc's words for them.
 *
 * @see <a href="https://github.com/opencontainers/runtime-spec/blob/main/runtime.md">runtime-spec, Runtime</a>
 */
record RuntimeContainer(Container container) {
    private static final Logger log = LoggerFactory.getLogger(RuntimeContainer.class);

    /** Labels of a container that was made at this door. */
    static final String ROOT = "hako.oci.root";

    static final String ID = "hako.oci.id";
    static final String BUNDLE = "hako.oci.bundle";
    static final String BOOT = "hako.oci.boot";

    /** As good as for ever: who waits can end it. */
    private static final Duration RESUME_PATIENCE = Duration.ofDays(1);

    private static final Duration PAUSE = Duration.ofMillis(50);

    /** How long a process that has nothing to stand for any more may take to end. */
    static final Duration END_PATIENCE = Duration.ofSeconds(2);

    static Map<String, String> labels(RuntimeId id, Path bundle) {
        return Map.of(ROOT, id.root(), ID, id.id(), BUNDLE, bundle.toString(), BOOT, Boot.id());
    }

    static Optional<RuntimeContainer> find(Sandboxes sandboxes, RuntimeId id) {
        try {
            return Optional.of(new RuntimeContainer(sandboxes.container(id.containerId())))
                    .filter(RuntimeContainer::isOfThisBoot);
        } catch (HakoException e) {
            if (e.code() != Code.NOT_FOUND) {
                throw e;
            }
            return Optional.empty();
        }
    }

    /** One of an earlier start of the host, which is gone for whoever made it, goes for good. */
    static void forgetEarlier(Sandboxes sandboxes, RuntimeId id) throws InterruptedException {
        for (Container container : sandboxes.containers()) {
            if (container.id().equals(id.containerId()) && !new RuntimeContainer(container).isOfThisBoot()) {
                container.remove(true);
            }
        }
    }

    /** It was made at this door, since the host was started. */
    boolean isOfThisBoot() {
        return label(BOOT).equals(Boot.id());
    }

    /** Those of one root, the oldest first. */
    static List<RuntimeContainer> all(Sandboxes sandboxes, String root) {
        return sandboxes.containers().reversed().stream()
                .map(RuntimeContainer::new)
                .filter(container -> root.equals(container.label(ROOT)) && container.isOfThisBoot())
                .toList();
    }

    String id() {
        return label(ID);
    }

    String bundle() {
        return label(BUNDLE);
    }

    RuntimeSpec spec() {
        return container.record().spec();
    }

    Instant createdAt() {
        return container.record().createdAt();
    }

    /** Of the process that stands for it on this host; 0 when it has ended. */
    long pid() {
        return container.state() instanceof ContainerState.Stopped
                ? 0
                : container.init().callerPid();
    }

    /** As the runtime specification spells it, and paused. */
    String status() {
        return switch (container.state()) {
            case ContainerState.Creating() -> "creating";
            case ContainerState.Created() -> "created";
            case ContainerState.Running(Instant _) -> "running";
            case ContainerState.Paused(Instant _) -> "paused";
            case ContainerState.Stopped(Instant _, ExitReport _) -> "stopped";
        };
    }

    /**
     * @param starter the pid of who starts it, who may be the one that stands for it
     * @spec runtime-spec#start
     */
    void start(long starter) throws InterruptedException {
        switch (container.state()) {
            case ContainerState.Created() -> {
                try {
                    mirrorNetwork();
                } catch (RuntimeException e) {
                    end(starter);
                    throw e;
                }
                container.start();
            }
            case ContainerState.Stopped(Instant _, ExitReport _) ->
                throw refuse("cannot start a container that has stopped");
            case ContainerState.Running(Instant _) -> throw refuse("cannot start an already running container");
            case ContainerState.Creating(), ContainerState.Paused(Instant _) ->
                throw refuse("cannot start a container in the " + status() + " state");
        }
    }

    /** Managers take a task that could not be started for one that has ended, and look at once. */
    private void end(long starter) throws InterruptedException {
        long pid = pid();
        container.kill(Signals.SIGKILL);
        if (pid != 0 && pid != starter) {
            try (Fd kept = PidFd.open(pid)) {
                Poller.shared().awaitReadable(kept, END_PATIENCE);
            } catch (HakoException e) {
                log.debug("container {}: {}", id(), e.getMessage()); // it has ended, or is not in time
            }
        }
    }

    /** Not before it is started: managers wire the namespace at its creation, or between the two. */
    private void mirrorNetwork() {
        Path namespace = networkNamespace();
        try {
            if (!NamespaceNetwork.isOwn(namespace)) {
                container.mirror(WiredNamespace.of(namespace));
            }
        } catch (IOException e) {
            throw new HakoException(
                    HakoException.Kind.USER,
                    Code.INVALID_ARGUMENT,
                    "open the network namespace %s: %s".formatted(namespace, e.getMessage()),
                    e);
        }
    }

    /** Where its links are, or will be when it is started. */
    Path networkNamespace() {
        return network(spec())
                .map(LinuxSpec.Namespace::path)
                .filter(path -> !path.isEmpty())
                .map(Path::of)
                .orElseGet(() -> Path.of("/proc", Long.toString(pid()), "ns/net"));
    }

    /** What a specification says about the network; empty: the host's. */
    static Optional<LinuxSpec.Namespace> network(RuntimeSpec spec) {
        LinuxSpec linux = spec.linux();
        return linux == null
                ? Optional.empty()
                : linux.namespaces().stream()
                        .filter(namespace -> namespace.type().equals("network"))
                        .findFirst();
    }

    /**
     * @param signal 0 only asks whether there is something that it could be sent to
     * @param all to every process of it; that there is none any more is fine
     * @spec runtime-spec#kill
     */
    void kill(int signal, boolean all) {
        switch (container.state()) {
            case ContainerState.Created() -> {
                if (signal != 0 && Signals.endsByDefault(signal)) { // nothing of it runs yet that could think otherwise
                    container.kill(Signals.SIGKILL);
                }
            }
            case ContainerState.Running(Instant _), ContainerState.Paused(Instant _) -> {
                if (signal != 0 && all) {
                    container.killAll(signal);
                } else if (signal != 0) {
                    container.kill(signal);
                }
            }
            case ContainerState.Stopped(Instant _, ExitReport _) -> {
                if (!all) {
                    throw refuse("container not running");
                }
            }
            case ContainerState.Creating() -> throw refuse("container not running");
        }
    }

    /** @spec runtime-spec#delete */
    void delete(boolean force, HostFiles files) throws InterruptedException {
        switch (container.state()) {
            case ContainerState.Created(), ContainerState.Stopped(Instant _, ExitReport _) -> destroy(files);
            case ContainerState.Creating(), ContainerState.Running(Instant _), ContainerState.Paused(Instant _) -> {
                if (!force) {
                    throw refuse("cannot delete container %s that is not stopped: %s".formatted(id(), status()));
                }
                destroy(files);
            }
        }
    }

    /** It goes, in whatever state, and its hooks, files of the caller's, are told. */
    void destroy(HostFiles files) throws InterruptedException {
        container.remove(true);
        Optional<HostCgroup> cgroup = cgroup();
        if (cgroup.isPresent()) {
            cgroup.get().remove();
        }
        new BundleHooks(this, files).deleted();
    }

    /** Of this host. */
    Optional<HostCgroup> cgroup() {
        return HostCgroup.of(container);
    }

    /** One more process. @param ignorePaused it starts when the container goes on; until then this waits */
    ContainerProcess exec(ProcessSpec process, boolean ignorePaused) throws InterruptedException {
        if (ignorePaused) {
            awaitResumed();
        }
        switch (container.state()) {
            case ContainerState.Stopped(Instant _, ExitReport _) -> throw refuse("cannot exec in a stopped container");
            case ContainerState.Paused(Instant _) ->
                throw refuse("cannot exec in a paused container (use --ignore-paused to override)");
            case ContainerState.Creating(), ContainerState.Created(), ContainerState.Running(Instant _) -> {
                return container.exec(process, "", true);
            }
        }
    }

    private void awaitResumed() throws InterruptedException {
        long end = System.nanoTime() + RESUME_PATIENCE.toNanos();
        while (container.state() instanceof ContainerState.Paused && System.nanoTime() - end < 0) {
            Thread.sleep(PAUSE);
        }
    }

    void pause() {
        switch (container.state()) {
            case ContainerState.Running(Instant _) -> container.pause();
            case ContainerState.Creating(),
                    ContainerState.Created(),
                    ContainerState.Paused(Instant _),
                    ContainerState.Stopped(Instant _, ExitReport _) -> throw refuse("container not running");
        }
    }

    void resume() {
        switch (container.state()) {
            case ContainerState.Paused(Instant _) -> container.resume();
            case ContainerState.Creating(),
                    ContainerState.Created(),
                    ContainerState.Running(Instant _),
                    ContainerState.Stopped(Instant _, ExitReport _) -> throw refuse("container not paused");
        }
    }

    /** Of the processes of this host that stand for its own. */
    List<Long> hostPids() {
        return Stream.concat(Stream.of(container.init()), container.execs().stream())
                .map(ContainerProcess::callerPid)
                .filter(pid -> pid != 0)
                .toList();
    }

    /** Of its processes, in the guest. */
    List<Integer> guestPids() {
        return container.state() instanceof ContainerState.Stopped ? List.of() : container.pids();
    }

    StatsResponse stats() {
        requireAlive();
        return container.stats();
    }

    /** All of them, on this host and in the guest, or none. */
    void update(LinuxResources wanted) throws InterruptedException {
        requireAlive();
        Optional<HostCgroup> cgroup = cgroup();
        try (Undo undo = new Undo()) {
            cgroup.ifPresent(host -> host.update(wanted, undo));
            container.update(wanted);
            undo.release();
        }
        if (cgroup.isPresent()) {
            cgroup.get().updated(wanted);
        }
    }

    private void requireAlive() {
        switch (container.state()) {
            case ContainerState.Created(), ContainerState.Running(Instant _), ContainerState.Paused(Instant _) -> {}
            case ContainerState.Creating(), ContainerState.Stopped(Instant _, ExitReport _) ->
                throw refuse("container not running");
        }
    }

    /** @spec runtime-spec#state */
    Map<String, @Nullable Object> state() {
        Map<String, @Nullable Object> state = Json.object(
                "ociVersion", spec().ociVersion(),
                "id", id(),
                "pid", pid(),
                "status", status(),
                "bundle", bundle(),
                "rootfs", rootfs(),
                "created", createdAt().toString());
        if (!spec().annotations().isEmpty()) {
            state.put("annotations", spec().annotations());
        }
        state.put("owner", "");
        return state;
    }

    private String rootfs() {
        RuntimeSpec.Root root = spec().root();
        return root == null
                ? ""
                : Path.of(bundle()).resolve(root.path()).normalize().toString();
    }

    private String label(String name) {
        return container.record().labels().getOrDefault(name, "");
    }

    static HakoException refuse(String message) {
        return HakoException.user(Code.WRONG_STATE, message);
    }
}
