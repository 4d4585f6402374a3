package hako.sandbox;

import com.google.protobuf.ByteString;
import hako.agent.v1.ContainerRequest;
import hako.agent.v1.StartContainerRequest;
import hako.agent.v1.StartFailure;
import hako.agent.v1.StartResponse;
import hako.agent.v1.StatsResponse;
import hako.base.HakoException;
import hako.network.WiredNamespace;
import hako.sandbox.ContainerState.Verb;
import hako.spec.Hooks;
import hako.spec.LinuxResources;
import hako.spec.LinuxSpec;
import hako.spec.ProcessSpec;
import hako.vm.VmRecord;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A container: a root filesystem and a process tree in the VM of its sandbox. Its state moves by verbs from outside and
 * by the end of its init; each move is written down before it is acknowledged. Slow work runs outside the lock, so a
 * kill never waits behind it. Threads: any; owned by {@link Sandboxes}.
 */
public final class Container {
    private static final Logger log = LoggerFactory.getLogger(Container.class);

    /** A label: what its startContainer hooks read, the state of the runtime specification without a pid. */
    public static final String HOOK_STATE = "hako.hook.state";

    private static final int SIGKILL = 9;
    private static final int ENOENT = 2;
    private static final Duration CALL_TIMEOUT = Duration.ofSeconds(10);
    /** How long a removal asked for waits for those who still read the output. */
    private static final Duration READER_PATIENCE = Duration.ofSeconds(5);
    /** After this a guest that does not answer is taken to be hung, and SIGKILL means its VM. */
    private static final Duration KILL_PATIENCE = Duration.ofSeconds(2);
    /** After this a container that has been killed and has not ended loses its VM. */
    private static final Duration END_PATIENCE = Duration.ofSeconds(5);

    private final Sandboxes sandboxes;
    private final @Nullable Sandbox sandbox;
    private final ContainerProcess init;
    private final Map<String, ContainerProcess> execs = new ConcurrentHashMap<>();

    private final ReentrantLock lock = new ReentrantLock();
    /** Guarded by lock. */
    private ContainerRecord record;

    /** Guarded by lock. */
    private ContainerState state;

    /** @param sandbox null when its VM is gone: the container has ended, and only its record and output are left */
    Container(Sandboxes sandboxes, @Nullable Sandbox sandbox, ContainerRecord record, ContainerProcess init) {
        this.sandboxes = sandboxes;
        this.sandbox = sandbox;
        this.record = record;
        this.state = record.state().state();
        this.init = init;
    }

    public String id() {
        return record().id();
    }

    public String name() {
        return record().name();
    }

    public ContainerRecord record() {
        lock.lock();
        try {
            return record;
        } finally {
            lock.unlock();
        }
    }

    public ContainerState state() {
        lock.lock();
        try {
            return state;
        } finally {
            lock.unlock();
        }
    }

    /** The process the container was made for; when it ends, the container does. */
    public ContainerProcess init() {
        return init;
    }

    /** The VM's address on the network, without the prefix length; empty without a network. */
    public String address() {
        Sandbox in = sandbox;
        return in == null || in.endpoint() == null
                ? ""
                : in.endpoint().address().replaceFirst("/.*", "");
    }

    /** Whether it has a VM, be it with others, that runs. */
    public boolean isAlive() {
        return sandbox != null && !(state() instanceof ContainerState.Stopped);
    }

    public boolean isEmulated() {
        return sandboxes.node().driver().emulates();
    }

    /** Process of the VMM on the host; 0 when it has ended. */
    public long vmPid() {
        return sandbox == null || state() instanceof ContainerState.Stopped
                ? 0
                : sandbox.vm().record().pid();
    }

    /** Processes of the host that run its VM: the VMM, then its helpers and what these have started; none when that has ended. */
    public List<Long> vmPids() {
        Sandbox in = sandbox;
        if (in == null || in.vm().exited().isDone()) {
            return List.of();
        }
        VmRecord vm = in.vm().record();
        Stream<ProcessHandle> helpers =
                vm.helpers().stream().flatMap(helper -> ProcessHandle.of(helper.pid()).stream());
        return Stream.concat(
                        Stream.of(vm.pid()),
                        helpers.flatMap(helper -> Stream.concat(Stream.of(helper), helper.descendants()))
                                .map(ProcessHandle::pid))
                .toList();
    }

    /** Of one that has ended and had a VM of its own: returns when that is gone, or time is up. */
    public void awaitVmEnd(Duration patience) throws InterruptedException {
        try {
            sandbox().vm().exited().get(patience.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            log.debug("container {}: its VM is still there", ContainerId.shortened(id()));
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        }
    }

    /**
     * Starts the image's program.
     *
     * @throws HakoException COMMAND_NOT_FOUND, COMMAND_NOT_EXECUTABLE: the container has then ended with 127 or 126
     */
    public void start() {
        move(Verb.START);
        startInGuest();
    }

    /**
     * Its VM has the links of a network namespace from now on, with their addresses and routes. Before it is started.
     *
     * @param namespace whose links somebody else has wired
     */
    public void mirror(WiredNamespace namespace) {
        Sandbox in = sandbox();
        in.changing().lock();
        try {
            in.mirror(namespace, record(), sandboxes);
        } finally {
            in.changing().unlock();
        }
    }

    /** What follows once it is written down that it runs. */
    void startInGuest() {
        StartResponse response;
        try {
            response = sandbox().agent().startContainer(startRequest(), CALL_TIMEOUT.plus(hooksPatience()));
        } catch (HakoException e) {
            HakoException reason = new HakoException(
                    HakoException.Kind.EXTERNAL,
                    HakoException.Code.VM_FAILED,
                    "start container \"%s\": %s".formatted(name(), sandbox().failureReason(e)),
                    e);
            stopped(ExitReport.lost(reason.getMessage(), now()));
            throw reason;
        }
        if (response.hasFailure()) {
            HakoException failure = startFailure(response.getFailure());
            stopped(new ExitReport(exitCode(failure.code()), now(), false, failure.getMessage()));
            throw failure;
        }
        follow();
    }

    private StartContainerRequest startRequest() {
        return StartContainerRequest.newBuilder()
                .setContainerId(id())
                .setHookState(ByteString.copyFromUtf8(record().labels().getOrDefault(HOOK_STATE, "")))
                .build();
    }

    /** Its program starts when they have run, in the guest. */
    private Duration hooksPatience() {
        Hooks hooks = record().spec().hooks();
        return hooks == null
                ? Duration.ZERO
                : hooks.startContainer().stream().map(Hooks.Hook::patience).reduce(Duration.ZERO, Duration::plus);
    }

    /** It has ended and is not to be kept: its name is free again. */
    boolean isLeaving() {
        return record().autoRemove() && state() instanceof ContainerState.Stopped;
    }

    /** The init runs: its output is pumped, and when it ends, so does the container. */
    void follow() {
        init.follow(this::stopped);
    }

    public void pause() {
        require(Verb.PAUSE);
        sandbox().agent().pauseContainer(request(), CALL_TIMEOUT);
        move(Verb.PAUSE);
    }

    public void resume() {
        require(Verb.RESUME);
        sandbox().agent().resumeContainer(request(), CALL_TIMEOUT);
        move(Verb.RESUME);
    }

    /** Sends a signal to the init. SIGKILL always ends the container, also when its guest hangs. */
    public void kill(int signal) {
        if (require(Verb.KILL) instanceof ContainerState.Created && signal == SIGKILL) {
            stopped(new ExitReport(128 + SIGKILL, now(), false, ""));
            return;
        }
        try {
            init.signal(signal, KILL_PATIENCE);
        } catch (HakoException e) {
            if (signal != SIGKILL) {
                throw e;
            }
            if (hasEnded(e)) {
                return;
            }
            log.warn("kill {}: {}; ending its VM", ContainerId.shortened(id()), e.getMessage());
            sandbox().vm().kill();
        }
    }

    /** Sends a signal to every process of the container. */
    public void killAll(int signal) {
        require(Verb.KILL);
        init.signalAll(signal);
    }

    /** The stop signal, then, when {@code grace} is over, SIGKILL. Returns when the container has ended. */
    public ExitReport stop(Duration grace) throws InterruptedException {
        if (state() instanceof ContainerState.Stopped(Instant _, ExitReport exit)) {
            return exit;
        }
        return asked() && ended(grace) instanceof ExitReport exit ? exit : killed();
    }

    /** Whether the init got its stop signal; one that cannot be asked is not waited for. */
    private boolean asked() {
        try {
            if (state() instanceof ContainerState.Paused) {
                resume();
            }
            if (state() instanceof ContainerState.Created) {
                return false;
            }
            kill(record().stopSignal());
            return true;
        } catch (HakoException e) {
            log.debug("stop {}: {}", ContainerId.shortened(id()), e.getMessage());
            return hasEnded(e);
        }
    }

    private ExitReport killed() throws InterruptedException {
        try {
            kill(SIGKILL);
        } catch (HakoException e) { // it ended just now
            log.debug("kill {}: {}", ContainerId.shortened(id()), e.getMessage());
        }
        if (ended(END_PATIENCE) instanceof ExitReport exit) {
            return exit;
        }
        sandbox().vm().kill();
        if (ended(KILL_PATIENCE) instanceof ExitReport exit) {
            return exit;
        }
        // Its VM is gone, and what it wrote has nowhere to go: nobody reads it, or there is no room.
        stopped(ExitReport.lost("killed, with output that nobody took", now()));
        return init.exited().join();
    }

    /** Whether a signal was refused because the init has ended; what it wrote may still be on its way. */
    private static boolean hasEnded(HakoException refusal) {
        return refusal.code() == HakoException.Code.WRONG_STATE;
    }

    private @Nullable ExitReport ended(Duration patience) throws InterruptedException {
        try {
            return init.exited().get(patience.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            return null;
        } catch (java.util.concurrent.ExecutionException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Starts one more process in the running container. */
    public ContainerProcess exec(ExecRequest request) {
        require(Verb.EXEC);
        return new StartExec(this, sandbox(), sandboxes).run(request);
    }

    /** The same, with all of the process given; what is absent is the init's. */
    public ContainerProcess exec(ProcessSpec process, String user, boolean openStdin) {
        require(Verb.EXEC);
        return new StartExec(this, sandbox(), sandboxes).run(process, user, openStdin);
    }

    /** Processes started by exec and not forgotten. */
    public Collection<ContainerProcess> execs() {
        return List.copyOf(execs.values());
    }

    /** Of its processes, in the guest. */
    public List<Integer> pids() {
        return sandbox().agent().listPids(request(), CALL_TIMEOUT).getPidsList();
    }

    /** Other limits; absent ones stay as they are. Its VM has as much memory as they need. */
    public void update(LinuxResources resources) {
        ReentrantLock changing = sandbox().changing();
        changing.lock();
        try {
            new UpdateLimits(this, sandbox()).run(resources);
        } finally {
            changing.unlock();
        }
    }

    /** Writes down what it is limited to now. */
    void limited(LinuxSpec limits) {
        lock.lock();
        try {
            ContainerRecord written = record.with(limits);
            sandboxes.save(written);
            record = written;
        } finally {
            lock.unlock();
        }
    }

    /** An exec process of this container by its id. */
    public @Nullable ContainerProcess exec(String execId) {
        return execs.get(execId);
    }

    void add(ContainerProcess exec) {
        execs.put(exec.id(), exec);
    }

    /** The exec process has ended and whoever ran it has all its output: it is forgotten. */
    public void forget(ContainerProcess exec) {
        if (execs.remove(exec.id()) != null) {
            sandboxes.forgetExec(id(), exec.id());
            if (sandbox != null && state() instanceof ContainerState.Running) {
                exec.delete();
            }
        }
    }

    /** Of the container, as its guest's cgroup tells. */
    public StatsResponse stats() {
        require(Verb.STATS);
        return sandbox().agent().containerStats(request(), CALL_TIMEOUT);
    }

    /** Host memory of the container's VM and its helpers, bytes. */
    public long vmResidentBytes() {
        require(Verb.STATS);
        return sandbox().vm().residentBytes();
    }

    /** All memory of the container's VM: what a container without a limit of its own can use at most. */
    public long vmMemoryBytes() {
        require(Verb.STATS);
        LinuxSpec linux = record().spec().linux();
        long wanted = Sizing.of(
                        linux == null ? null : linux.resources(),
                        sandboxes.node().config())
                .memoryBytes();
        return Math.max(wanted, sandbox().vm().record().memoryBytes());
    }

    /** Forgets the container, its output and its writable layer. */
    public void remove(boolean force) throws InterruptedException {
        if (force && !(state() instanceof ContainerState.Stopped)) {
            killed();
        }
        if (require(Verb.REMOVE) instanceof ContainerState.Created) {
            stopped(new ExitReport(128 + SIGKILL, now(), false, ""));
        }
        sandboxes.remove(this, READER_PATIENCE);
    }

    // -- moves ---------------------------------------------------------------------------------------------------

    private ContainerState require(Verb verb) {
        lock.lock();
        try {
            state.after(verb, record.name(), now());
            return state;
        } finally {
            lock.unlock();
        }
    }

    private void move(Verb verb) {
        lock.lock();
        try {
            moveTo(state.after(verb, record.name(), now()), verb.name());
        } finally {
            lock.unlock();
        }
    }

    /** The agent has built it. */
    void created() {
        lock.lock();
        try {
            if (state instanceof ContainerState.Creating creating) {
                moveTo(creating.toCreated(), "built");
            }
        } finally {
            lock.unlock();
        }
    }

    /** Its init has ended, or never will run. The first report counts. */
    void stopped(ExitReport exit) {
        lock.lock();
        try {
            if (state instanceof ContainerState.Stopped) {
                return;
            }
            moveTo(
                    new ContainerState.Stopped(state.startedAt(), exit),
                    exit.reason().isEmpty() ? "exit " + exit.code() : exit.reason());
        } finally {
            lock.unlock();
        }
        sandboxes.ended(this); // a name to be given back is free before anybody is told
        init.ended(exit);
    }

    /** Gives the execs, which end with the init, the time to tell how, and to hand over what they wrote. */
    void awaitExecs(Duration patience) {
        CompletableFuture<?>[] ends =
                execs.values().stream().map(ContainerProcess::exited).toArray(CompletableFuture[]::new);
        CompletableFuture.allOf(ends)
                .completeOnTimeout(null, patience.toMillis(), TimeUnit.MILLISECONDS)
                .join();
    }

    /** Waits until nobody reads what its processes wrote. */
    void awaitDetached(Duration patience) {
        init.output().awaitDetached(patience);
        execs.values().forEach(exec -> exec.output().awaitDetached(patience));
    }

    /** The one place where the state changes. Called with the lock held. */
    private void moveTo(ContainerState next, String reason) {
        ContainerRecord written = record.with(next);
        try {
            sandboxes.save(written);
        } catch (HakoException e) {
            if (!(next instanceof ContainerState.Stopped)) {
                throw e;
            }
            // A fact, whether there is room for it or not. The next daemon finds its VM gone and draws its conclusion.
            log.error("container {}: its end cannot be written down: {}", record.name(), e.getMessage());
        }
        record = written;
        log.info(
                "container {}: {} -> {} ({})", ContainerId.shortened(record.id()), state.label(), next.label(), reason);
        state = next;
    }

    @Nullable
    Sandbox sandboxOrNull() {
        return sandbox;
    }

    private Sandbox sandbox() {
        if (sandbox == null) {
            throw HakoException.user(
                    HakoException.Code.WRONG_STATE, "container \"" + name() + "\" has no VM any more: it has exited");
        }
        return sandbox;
    }

    /** What a {@link StartFailure} is to a door. */
    static HakoException startFailure(StartFailure failure) {
        HakoException.Code code = switch (failure.getReason()) {
            case COMMAND_NOT_FOUND -> HakoException.Code.COMMAND_NOT_FOUND;
            // As Docker has it: whatever is not there is 127.
            case WORKING_DIRECTORY ->
                failure.getErrno() == ENOENT
                        ? HakoException.Code.COMMAND_NOT_FOUND
                        : HakoException.Code.COMMAND_NOT_EXECUTABLE;
            case COMMAND_NOT_EXECUTABLE, USER -> HakoException.Code.COMMAND_NOT_EXECUTABLE;
            case OTHER, UNKNOWN, UNRECOGNIZED -> HakoException.Code.GUEST;
        };
        return HakoException.user(code, printable(failure.getMessage()));
    }

    private static int exitCode(HakoException.Code code) {
        return switch (code) {
            case COMMAND_NOT_FOUND -> 127;
            case COMMAND_NOT_EXECUTABLE -> 126;
            default -> 125;
        };
    }

    /** What the guest says is shown to people on terminals: no control characters, no essays. */
    static String printable(String text) {
        String cut = text.length() > 500 ? text.substring(0, 500) + "..." : text;
        return cut.replaceAll("[\\p{Cc}\\p{Cf}\\p{Cs}]", " ");
    }

    private ContainerRequest request() {
        return ContainerRequest.newBuilder().setContainerId(id()).build();
    }

    private Instant now() {
        return sandboxes.node().clock().instant();
    }
}
