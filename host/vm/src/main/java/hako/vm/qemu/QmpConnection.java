package hako.vm.qemu;

import hako.base.HakoException;
import hako.base.HakoException.Code;
import hako.linux.Fd;
import hako.linux.Io;
import hako.linux.LinuxException;
import hako.linux.Poller;
import hako.linux.UnixSocket;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * QEMU's monitor, spoken over a unix socket: commands with their answers by id, and events. Commands may be sent as soon
 * as the socket is connected, before QEMU has started up: they are answered when it has, in order.
 *
 * <p>Threads: any may execute; answers find their askers by id, so that commands of several threads may interleave. One
 * virtual thread reads and calls {@code onEvent}, which must not execute commands itself (its answer could not be read).
 *
 * <p>QEMU runs the guest, so it may have been taken over by it: lines are bounded, ids unknown to us are refused, and
 * the first line that is not QMP ends the connection with that as the reason.
 */
final class QmpConnection implements AutoCloseable {
    /**
     * The longest answers asked for are {@code ringbuf-read} of 16 KiB in base64 (22 KB) and {@code query-pci} with all
     * slots taken (half a kilobyte each). Parsed, this many bytes are half a megabyte of heap at worst.
     */
    static final int MAX_LINE_BYTES = 32 << 10;

    /**
     * Events that are taken in a second; QEMU keeps the rest, in memory of its own. A guest can bring forth any number (writing what its firmware
     * reports of devices, {@code ACPI_DEVICE_OST}); its devices' coming and going makes a few.
     */
    static final int MOST_EVENTS = 500;

    /** Commands that wait for their answers. A refused command is cheap; memory is not. */
    static final int MAX_WAITING = 64;

    private sealed interface State {
        record Open(Map<String, CompletableFuture<QmpMessage>> waiting) implements State {}

        record Failed(HakoException reason) implements State {}
    }

    private final Fd socket;
    private final String name;
    private final Consumer<QmpMessage.Event> onEvent;
    private final UnaryOperator<HakoException> explain;
    private final CompletableFuture<String> version = new CompletableFuture<>();

    /** Held while a command is written: lines do not mix. */
    private final ReentrantLock line = new ReentrantLock();

    private final ReentrantLock lock = new ReentrantLock();
    // guarded by lock
    private State state = new State.Open(new HashMap<>());
    private long lastId;

    private QmpConnection(
            Fd socket, String name, Consumer<QmpMessage.Event> onEvent, UnaryOperator<HakoException> explain) {
        this.socket = socket;
        this.name = name;
        this.onEvent = onEvent;
        this.explain = explain;
    }

    /**
     * Speaks over {@code socket}, which is the connection's from now on.
     *
     * @param name in messages and thread names: {@code vm-7f3a-qmp}
     * @param explain called once when QEMU is lost, on the reader's thread: what everyone is to be told instead of
     *     "connection lost". It may wait a moment for the true reason to be known.
     */
    static QmpConnection over(
            Fd socket, String name, Consumer<QmpMessage.Event> onEvent, UnaryOperator<HakoException> explain) {
        QmpConnection connection = new QmpConnection(socket, name, onEvent, explain);
        // Section 4 of the specification: nothing else is taken before it.
        connection.send(QmpMessage.command("qmp_capabilities", Map.of(), "0"), List.of());
        Thread.ofVirtual().name(name).start(connection::read);
        return connection;
    }

    /** QEMU's version, once it has greeted: it is up, though its guest may not be. */
    String version(Duration timeout) {
        return await(version, "greeting", timeout);
    }

    /** As {@link #execute(String, Map, Duration)}, for commands without arguments. */
    @Nullable
    Object execute(String command, Duration timeout) {
        return execute(command, Map.of(), timeout);
    }

    /**
     * Carries out a command.
     *
     * @return what it returned
     * @throws QmpException QEMU's refusal; or {@code TIMEOUT}
     * @throws HakoException the reason why the connection failed
     */
    @Nullable
    Object execute(String command, Map<String, ?> arguments, Duration timeout) {
        return execute(command, arguments, List.of(), timeout);
    }

    /** As above, with descriptors for commands that take one ({@code getfd}, {@code add-fd}). */
    @Nullable
    Object execute(String command, Map<String, ?> arguments, List<Fd> fds, Duration timeout) {
        CompletableFuture<QmpMessage> answer = new CompletableFuture<>();
        String id = register(command, answer);
        try {
            send(QmpMessage.command(command, arguments, id), fds);
            return switch (await(answer, command, timeout)) {
                case QmpMessage.Answer(var _, var value) -> value;
                case QmpMessage.Refusal(var _, var errorClass, var description) ->
                    throw new QmpException(
                            Code.VM_FAILED, errorClass, "%s: %s: %s".formatted(name, command, description), null);
                case QmpMessage.Greeting _, QmpMessage.Event _ -> throw new IllegalStateException();
            };
        } finally {
            unregister(id);
        }
    }

    private String register(String command, CompletableFuture<QmpMessage> answer) {
        lock.lock();
        try {
            return switch (state) {
                case State.Open(var waiting) -> {
                    if (waiting.size() >= MAX_WAITING) {
                        throw new QmpException(
                                Code.UNAVAILABLE,
                                "",
                                "%s: %s: %d commands wait for their answers already"
                                        .formatted(name, command, waiting.size()),
                                null);
                    }
                    String id = Long.toString(++lastId);
                    waiting.put(id, answer);
                    yield id;
                }
                case State.Failed(var reason) ->
                    throw new HakoException(reason.kind(), reason.code(), reason.getMessage(), reason);
            };
        } finally {
            lock.unlock();
        }
    }

    private void unregister(String id) {
        lock.lock();
        try {
            if (state instanceof State.Open(var waiting)) {
                waiting.remove(id);
            }
        } finally {
            lock.unlock();
        }
    }

    private void send(byte[] bytes, List<Fd> fds) {
        line.lock();
        try {
            UnixSocket.send(socket, ByteBuffer.wrap(bytes), fds);
        } catch (LinuxException e) {
            // The reader meets the same fact and says it to all.
            socket.close();
        } catch (InterruptedException e) {
            // Half a line may be out.
            fail(lost("interrupted while a command was written", e));
            Thread.currentThread().interrupt();
        } finally {
            line.unlock();
        }
    }

    private <T> T await(CompletableFuture<T> answer, String what, Duration timeout) {
        try {
            return answer.get(timeout.toNanos(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            throw new QmpException(
                    Code.TIMEOUT, "", "%s: %s: no answer within %d ms".formatted(name, what, timeout.toMillis()), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new QmpException(Code.UNAVAILABLE, "", "%s: %s: interrupted".formatted(name, what), e);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof HakoException reason) {
                throw new HakoException(reason.kind(), reason.code(), reason.getMessage(), reason);
            }
            throw new IllegalStateException(e);
        }
    }

    private void read() {
        HakoException reason;
        try (InputStream in = Io.inputStream(socket, Poller.shared())) {
            LineReader lines = new LineReader(in, MAX_LINE_BYTES);
            EventPace pace = new EventPace();
            for (byte[] bytes = lines.next(); bytes != null; bytes = lines.next()) {
                QmpMessage message = QmpMessage.parse(bytes);
                accept(message);
                if (message instanceof QmpMessage.Event) {
                    pace.next();
                }
            }
            reason = lost("closed by QEMU", null);
        } catch (InterruptedException e) {
            reason = lost("interrupted", e);
        } catch (IOException | RuntimeException e) { // of whatever kind: nobody else would read the answers
            reason = lost(String.valueOf(e.getMessage()), e);
        }
        fail(isOpen() ? explain.apply(reason) : reason);
    }

    /** Waits when there were too many within a second. One thread. */
    private static final class EventPace {
        private long second = System.nanoTime();
        private int events;

        void next() throws InterruptedException {
            long left = second + Duration.ofSeconds(1).toNanos() - System.nanoTime();
            if (left > 0 && ++events < MOST_EVENTS) {
                return;
            }
            if (left > 0) {
                Thread.sleep(Duration.ofNanos(left));
            }
            second = System.nanoTime();
            events = 0;
        }
    }

    private boolean isOpen() {
        lock.lock();
        try {
            return state instanceof State.Open;
        } finally {
            lock.unlock();
        }
    }

    private void accept(QmpMessage message) throws IOException {
        switch (message) {
            case QmpMessage.Greeting(var text) -> version.complete(text);
            case QmpMessage.Event event -> onEvent.accept(event);
            case QmpMessage.Answer(var id, var _) -> deliver(id, message);
            case QmpMessage.Refusal(var id, var _, var description) -> {
                if (id == null) {
                    throw new IOException("QEMU could not read a command: " + description);
                }
                deliver(id, message);
            }
        }
    }

    /** An id nobody waits for belongs to a command that timed out, or to the capabilities' "0": ids are handed out once. */
    private void deliver(String id, QmpMessage message) throws IOException {
        CompletableFuture<QmpMessage> answer = null;
        lock.lock();
        try {
            if (state instanceof State.Open(var waiting)) {
                answer = waiting.remove(id);
                if (answer == null && !wasOurs(id)) {
                    throw new IOException("an answer to a command that was not given");
                }
            }
        } finally {
            lock.unlock();
        }
        if (answer != null) {
            answer.complete(message);
        }
    }

    private boolean wasOurs(String id) {
        try {
            long number = Long.parseLong(id);
            return number >= 0 && number <= lastId;
        } catch (NumberFormatException e) {
            return false;
        }
    }

    private HakoException lost(String fact, @Nullable Throwable cause) {
        return new QmpException(Code.VM_FAILED, "", "%s: connection lost: %s".formatted(name, fact), cause);
    }

    /** Ends the connection: everything that waits, and everything that comes, fails with {@code reason}. Once. */
    void fail(HakoException reason) {
        List<CompletableFuture<QmpMessage>> all;
        lock.lock();
        try {
            if (!(state instanceof State.Open(var waiting))) {
                return;
            }
            all = List.copyOf(waiting.values());
            state = new State.Failed(reason);
        } finally {
            lock.unlock();
        }
        all.forEach(answer -> answer.completeExceptionally(reason));
        version.completeExceptionally(reason);
        socket.close();
    }

    @Override
    public void close() {
        fail(lost("closed", null));
    }
}
