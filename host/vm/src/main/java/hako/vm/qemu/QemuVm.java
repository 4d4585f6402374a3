package hako.vm.qemu;

import hako.base.HakoException;
import hako.base.HakoException.Code;
import hako.base.HakoException.Kind;
import hako.linux.Fd;
import hako.ttrpc.TtrpcClient;
import hako.vm.Device;
import hako.vm.Vm;
import hako.vm.VmExit;
import hako.vm.VmExit.Cause;
import hako.vm.VmRecord;
import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One QEMU process and its helpers. Threads: any. Its own, all virtual: {@code vm-ID-qmp} and {@code vm-ID-agent} read,
 * {@code vm-ID-exit} awaits the end, {@code vm-ID-log} keeps QEMU's complaints, {@code vm-ID-end} ends what the guest
 * has stopped.
 */
final class QemuVm implements Vm {
    private static final Logger LOG = LoggerFactory.getLogger(QemuVm.class);

    /** A monitor command; QEMU may be starting on a busy host. */
    private static final Duration COMMAND = Duration.ofSeconds(20);

    /** The last words of a console, read when the guest has stopped. */
    private static final Duration LAST_WORDS = Duration.ofMillis(500);

    private static final Duration KILL = Duration.ofSeconds(10);

    /** A helper ends with QEMU, and its end may be noticed first, on a busy host long before. */
    private static final Duration SAME_TIME = Duration.ofSeconds(1);

    /** From the loss of the agent's connection to the reason of the VM's end. */
    private static final Duration EXPLANATION = Duration.ofSeconds(2);

    /** Of memory plugged into a guest. */
    static final long MOST_MORE_BYTES = 128L << 30;

    private static final String MORE_MEMORY = "memory";

    /** What a guest takes and gives in (virtio-mem's block size). */
    private static final long MEMORY_BLOCK = 2 << 20;

    /** The largest answer is 256 KiB of output. Each call has its own bound below that. */
    private static final int MAX_AGENT_ANSWER_BYTES = (256 + 1) << 10;

    /** The JSON library takes strings up to 32 KiB. */
    private static final int CONSOLE_READ_BYTES = 16 << 10;

    private static final int REASON_LOG_BYTES = 1000;

    /** {@code Running -> Ending -> Ended}, or straight to Ended where nobody foresaw it. */
    private sealed interface Life {
        record Running() implements Life {}

        /** What decided the end; the process may still be there. */
        record Ending(VmExit exit) implements Life {}

        record Ended(VmExit exit) implements Life {}
    }

    private final VmRecord base;
    private final boolean prepared;
    private final RunFiles files;
    private final HostProcess process;
    private final @Nullable ErrorLog errors;
    private final QmpConnection qmp;
    private final TtrpcClient agent;
    private final QemuDevices devices;
    private final ConsoleLog console;
    private final CompletableFuture<VmExit> exited = new CompletableFuture<>();
    /** QEMU says that the guest goes on; that its state is saved, or is not. */
    private final CompletableFuture<Boolean> running = new CompletableFuture<>();

    private final CompletableFuture<String> saved = new CompletableFuture<>();
    private final AtomicReference<Life> life = new AtomicReference<>(new Life.Running());

    private QemuVm(
            QemuConfig config,
            int links,
            List<Device> first,
            boolean prepared,
            VmRecord base,
            HostProcess process,
            @Nullable ErrorLog errors,
            Fd qmpSocket,
            SocketChannel agentSocket) {
        this.base = base;
        this.prepared = prepared;
        this.files = RunFiles.of(base);
        this.process = process;
        this.errors = errors;
        this.console = new ConsoleLog(files.consoleLog());
        this.qmp = QmpConnection.over(qmpSocket, "vm-" + base.id() + "-qmp", this::onEvent, this::explainLoss);
        this.devices = new QemuDevices(config, links, first, files, qmp, QemuDevices.PATIENCE, this::helperLost);
        this.agent =
                TtrpcClient.over(agentSocket, "vm-" + base.id() + "-agent", MAX_AGENT_ANSWER_BYTES, this::explainLoss);
    }

    static QemuVm launched(
            QemuConfig config,
            int links,
            List<Device> first,
            boolean prepared,
            VmRecord base,
            HostProcess process,
            ErrorLog errors,
            Fd qmpSocket,
            SocketChannel agentSocket) {
        QemuVm vm = new QemuVm(config, links, first, prepared, base, process, errors, qmpSocket, agentSocket);
        vm.awaitExit();
        return vm;
    }

    /** @throws HakoException if its monitor does not answer */
    static QemuVm adopted(
            QemuConfig config, VmRecord record, HostProcess process, Fd qmpSocket, SocketChannel agentSocket) {
        QemuVm vm = new QemuVm(config, 0, List.of(), false, record, process, null, qmpSocket, agentSocket);
        try {
            vm.qmp.version(COMMAND);
            vm.devices.adopt(record.helpers());
            vm.awaitExit();
            vm.endIfStopped();
        } catch (HakoException e) {
            vm.qmp.close();
            vm.agent.close();
            throw e;
        }
        return vm;
    }

    /** Whose guest stopped while no daemon saw it. */
    private void endIfStopped() {
        if (qmp.execute("query-status", COMMAND) instanceof Map<?, ?> status
                && ("shutdown".equals(status.get("status")) || "guest-panicked".equals(status.get("status")))) {
            Thread.ofVirtual().name("vm-" + base.id() + "-end").start(() -> endStopped("guest-reset"));
        }
    }

    @Override
    public String id() {
        return base.id();
    }

    @Override
    public VmRecord record() {
        return new VmRecord(
                base.id(),
                base.driver(),
                base.pid(),
                base.startTime(),
                base.directory(),
                base.vcpus(),
                base.memoryBytes(),
                devices.helpers());
    }

    @Override
    public boolean isPrepared() {
        return prepared;
    }

    @Override
    public TtrpcClient agent() {
        return agent;
    }

    @Override
    public void plug(Device device) {
        devices.plug(device);
    }

    @Override
    public void unplug(String deviceId) {
        devices.unplug(deviceId);
    }

    @Override
    public void replace(Device.Disk disk) {
        devices.replace(disk);
    }

    @Override
    public long resize(long memoryBytes) {
        long started = base.memoryBytes();
        long more = Math.ceilDiv(Math.max(0, memoryBytes - started), MEMORY_BLOCK) * MEMORY_BLOCK;
        if (more > MOST_MORE_BYTES) {
            throw new HakoException(
                    Kind.RESOURCES,
                    Code.NO_SPACE,
                    "VM %s: give it %d MiB: at most %d MiB more than the %d it started with"
                            .formatted(base.id(), memoryBytes >> 20, MOST_MORE_BYTES >> 20, started >> 20));
        }
        return started + devices.request(new Device.Memory(MORE_MEMORY, MOST_MORE_BYTES), more);
    }

    @Override
    public long residentBytes() {
        return process.residentBytes() + devices.residentBytes();
    }

    @Override
    public void pause() {
        qmp.execute("stop", COMMAND);
    }

    @Override
    public void resume() {
        qmp.execute("cont", COMMAND);
    }

    /**
     * Writes the devices' state to a file, its memory lying in one already, and leaves the guest stopped. Its agent sees the
     * host hang up first, so that a clone begins with nobody connected.
     */
    void save(Fd state) {
        agent.close();
        awaitHangup();
        prepareMigration(state);
        qmp.execute("migrate", Map.of("uri", "fd:state"), COMMAND);
        String end = await(saved, "save its state");
        if (!end.equals("completed")) {
            throw new HakoException(
                    Kind.EXTERNAL, Code.VM_FAILED, "VM %s: save its state: QEMU says %s".formatted(base.id(), end));
        }
    }

    /** QEMU's side of the agent's port is free when it has seen the connection end. */
    private void awaitHangup() {
        long deadline = System.nanoTime() + COMMAND.toNanos();
        while (!isAgentFree()) {
            if (System.nanoTime() > deadline) {
                throw new HakoException(
                        Kind.EXTERNAL, Code.TIMEOUT, "VM %s: QEMU keeps the agent's port".formatted(base.id()));
            }
            Thread.onSpinWait();
        }
    }

    private boolean isAgentFree() {
        return qmp.execute("query-chardev", COMMAND) instanceof List<?> all
                && all.stream()
                        .anyMatch(one -> one instanceof Map<?, ?> chardev
                                && "agent".equals(chardev.get("label"))
                                && String.valueOf(chardev.get("filename")).startsWith("disconnected"));
    }

    /** Of one that waits for a saved state: returns when that is loaded and the guest goes on. */
    void load(Fd state) {
        prepareMigration(state);
        qmp.execute("migrate-incoming", Map.of("uri", "fd:state"), COMMAND);
        await(running, "take its saved state");
    }

    /** Memory that lies in a file is no part of the state. */
    private void prepareMigration(Fd state) {
        List<Map<String, Object>> capabilities = Stream.of("events", "x-ignore-shared")
                .map(name -> Map.<String, Object>of("capability", name, "state", true))
                .toList();
        qmp.execute("migrate-set-capabilities", Map.of("capabilities", capabilities), COMMAND);
        qmp.execute("getfd", Map.of("fdname", "state"), List.of(state), COMMAND);
    }

    private <T> T await(CompletableFuture<T> event, String what) {
        try {
            CompletableFuture.anyOf(event, exited).get(COMMAND.toMillis(), TimeUnit.MILLISECONDS);
            if (event.isDone()) {
                return event.get();
            }
            throw failure(exited.get());
        } catch (TimeoutException e) {
            throw new HakoException(
                    Kind.EXTERNAL,
                    Code.TIMEOUT,
                    "VM %s: %s: not done after %d s".formatted(base.id(), what, COMMAND.toSeconds()),
                    e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new HakoException(
                    Kind.EXTERNAL, Code.UNAVAILABLE, "VM %s: %s: interrupted".formatted(base.id(), what), e);
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public CompletableFuture<VmExit> exited() {
        return exited.copy();
    }

    @Override
    public void kill() {
        end(new VmExit(Cause.ASKED, "killed"));
    }

    @Override
    public void end(String reason) {
        end(new VmExit(Cause.GUEST_REFUSED, reason));
    }

    private void end(VmExit why) {
        decide(why);
        process.kill();
        try {
            exited.get(KILL.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            throw new HakoException(
                    Kind.EXTERNAL,
                    Code.TIMEOUT,
                    "kill VM %s: QEMU (pid %d) is still there after %d s"
                            .formatted(base.id(), base.pid(), KILL.toSeconds()),
                    e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new HakoException(Kind.EXTERNAL, Code.UNAVAILABLE, "kill VM " + base.id() + ": interrupted", e);
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public String console(int maxBytes) {
        if (!exited.isDone()) {
            readConsole(COMMAND);
        }
        return console.tail(maxBytes);
    }

    /** Moves what the ring holds into the log; what cannot be read stays where it is. */
    private void readConsole(Duration patience) {
        synchronized (console) {
            try {
                // A guest may fill the ring faster than it is read: once around is enough.
                for (int taken = 0; taken < ConsoleLog.RING_BYTES; taken += CONSOLE_READ_BYTES) {
                    byte[] bytes = readRing(patience);
                    console.append(bytes);
                    if (bytes.length < CONSOLE_READ_BYTES) {
                        return;
                    }
                }
            } catch (HakoException | IOException | IllegalArgumentException e) {
                LOG.debug("VM {}: read the console", base.id(), e);
            }
        }
    }

    private byte[] readRing(Duration patience) {
        Object data = qmp.execute(
                "ringbuf-read", Map.of("device", "console", "size", CONSOLE_READ_BYTES, "format", "base64"), patience);
        return data instanceof String text ? Base64.getDecoder().decode(text) : new byte[0];
    }

    /** On the monitor's reader thread. */
    private void onEvent(QmpMessage.Event event) {
        switch (event.name()) {
            // qapi/run-state.json
            case "SHUTDOWN" -> {
                String why = event.text("reason");
                Thread.ofVirtual().name("vm-" + base.id() + "-end").start(() -> endStopped(why));
            }
            case "RESUME" -> running.complete(true);
            case "MIGRATION" -> {
                String status = event.text("status");
                if (status.equals("completed") || status.equals("failed")) {
                    saved.complete(status);
                }
            }
            case "DEVICE_DELETED" -> devices.deleted(event.text("device"));
            case "DEVICE_UNPLUG_GUEST_ERROR" -> devices.notDeleted(event.text("device"));
            default -> LOG.trace("VM {}: {}", base.id(), event);
        }
    }

    /** The guest has ended; QEMU waits, so that its console can be read, and is then killed. */
    private void endStopped(String why) {
        readConsole(LAST_WORDS);
        decide(GuestEnd.of(why, console.tail(ConsoleLog.RING_BYTES)));
        process.kill();
    }

    private void helperLost(String reason) {
        try {
            exited.get(SAME_TIME.toMillis(), TimeUnit.MILLISECONDS);
            return;
        } catch (InterruptedException | ExecutionException | TimeoutException e) {
            LOG.debug("VM {}: {}", base.id(), reason);
        }
        decide(new VmExit(Cause.VMM_DIED, reason));
        process.kill();
    }

    /** The first reason counts. */
    private void decide(VmExit exit) {
        life.updateAndGet(now -> switch (now) {
            case Life.Running _ -> new Life.Ending(exit);
            case Life.Ending _, Life.Ended _ -> now;
        });
    }

    private void awaitExit() {
        Thread.ofVirtual().name("vm-" + base.id() + "-exit").start(() -> {
            OptionalInt status = OptionalInt.empty();
            try {
                status = process.await();
            } catch (InterruptedException e) {
                LOG.error("VM {}: nobody interrupts this thread", base.id(), e);
            } finally {
                ended(status);
            }
        });
    }

    private void ended(OptionalInt status) {
        VmExit exit = switch (life.get()) {
            case Life.Ending(var decided) -> decided;
            case Life.Ended(var decided) -> decided;
            case Life.Running _ -> new VmExit(Cause.VMM_DIED, death(status));
        };
        life.set(new Life.Ended(exit));
        LOG.info("VM {}: ended: {}: {}", base.id(), exit.cause(), exit.reason());
        try {
            devices.killHelpers();
            files.removeSockets();
        } catch (RuntimeException e) {
            LOG.warn("VM {}: cleaning up after its end", base.id(), e);
        } finally {
            if (errors != null) {
                errors.close();
            }
            qmp.fail(failure(exit));
            exited.complete(exit);
            agent.fail(failure(exit));
        }
    }

    private String death(OptionalInt status) {
        StringBuilder text = new StringBuilder("QEMU ");
        if (status.isEmpty()) {
            text.append("ended");
        } else if (status.getAsInt() > 128) {
            text.append("was killed by signal ").append(status.getAsInt() - 128);
        } else {
            text.append("exited with status ").append(status.getAsInt());
        }
        String said = errors == null ? ErrorLog.tail(files.qemuLog(), REASON_LOG_BYTES) : errors.tail(REASON_LOG_BYTES);
        if (!said.isEmpty()) {
            text.append("; it said: ").append(said);
        }
        return text.toString();
    }

    /** Lets go of it without ending it, as the death of this daemon would. */
    void abandon() {
        qmp.close();
        agent.close();
    }

    private HakoException failure(VmExit exit) {
        return new HakoException(
                Kind.EXTERNAL, Code.VM_FAILED, "VM %s has ended: %s".formatted(base.id(), exit.reason()));
    }

    private HakoException explainLoss(HakoException loss) {
        try {
            return failure(exited.get(EXPLANATION.toMillis(), TimeUnit.MILLISECONDS));
        } catch (InterruptedException | ExecutionException | TimeoutException e) {
            return loss;
        }
    }

    @Override
    public String toString() {
        return "VM " + base.id();
    }
}
