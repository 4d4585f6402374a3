package hako.sandbox;

import com.google.protobuf.ByteString;
import hako.agent.AgentClient;
import hako.agent.v1.ExitStatus;
import hako.agent.v1.ProcessRequest;
import hako.agent.v1.ReadOutputRequest;
import hako.agent.v1.ReadOutputResponse;
import hako.agent.v1.ResizeTerminalRequest;
import hako.agent.v1.SignalProcessRequest;
import hako.agent.v1.WriteInputRequest;
import hako.base.HakoException;
import hako.linux.ProcessIdentity;
import hako.ttrpc.TtrpcCall;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A process in a container: its init, or one more by exec. Pumps what it writes from the agent into its
 * {@link OutputLog}, waits for its end, and lets callers attach. Threads: any; owned by one {@link Container}.
 */
public final class ContainerProcess {
    private static final Logger log = LoggerFactory.getLogger(ContainerProcess.class);
    private static final int CHUNK_BYTES = 64 * 1024;
    private static final int MAX_CODE = 255;
    /** File with the caller's pid and start time. */
    private static final String CALLER = "caller";

    private static final Duration TIMEOUT = Duration.ofSeconds(10);
    private static final Duration READ_PATIENCE = Duration.ofSeconds(5);

    private final @Nullable AgentClient agent;
    private final String containerId;
    private final String id;
    private final Path directory;
    private final OutputLog output;
    private final Function<HakoException, String> failureReason;
    private final InstantSource clock;
    private final CompletableFuture<ExitReport> exited = new CompletableFuture<>();
    private final CountDownLatch callerCame = new CountDownLatch(1);

    /**
     * @param agent null when its VM is gone
     * @param id empty for the init
     * @param directory of this process, for what must survive the daemon
     * @param failureReason why a call to the agent failed, for people; may wait a moment for the VMM's end
     */
    ContainerProcess(
            @Nullable AgentClient agent,
            String containerId,
            String id,
            Path directory,
            OutputLog output,
            Function<HakoException, String> failureReason,
            InstantSource clock) {
        this.agent = agent;
        this.containerId = containerId;
        this.id = id;
        this.directory = directory;
        this.output = output;
        this.failureReason = failureReason;
        this.clock = clock;
    }

    public String id() {
        return id;
    }

    public OutputLog output() {
        return output;
    }

    /** Completes when the process has ended and all it wrote is in {@link #output}. Never exceptionally. */
    public CompletableFuture<ExitReport> exited() {
        return exited;
    }

    /**
     * Begins to pump and to wait. The process runs, or has run: the agent keeps its output and its status.
     *
     * @param ended told of the end before {@link #exited} is, to write it down first
     */
    void follow(Consumer<ExitReport> ended) {
        List<Pump> pumps = List.of(new Pump(0), new Pump(1));
        thread("wait").start(() -> {
            ExitReport report = await();
            try {
                for (Pump pump : pumps) {
                    pump.awaitEnd();
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            output.close();
            try {
                ended.accept(report);
            } finally {
                exited.complete(report);
            }
        });
    }

    /** It never ran, or ended before anybody could follow. */
    void ended(ExitReport report) {
        output.close();
        exited.complete(report);
    }

    private ExitReport await() {
        try {
            ExitStatus status = agent().startWaitProcess(request()).await();
            return Integer.compareUnsigned(status.getCode(), MAX_CODE) <= 0
                    ? new ExitReport(status.getCode(), clock.instant(), status.getOomKilled(), "")
                    : ExitReport.lost("the guest reports an exit code that is none", clock.instant());
        } catch (HakoException e) {
            return ExitReport.lost(failureReason.apply(e), clock.instant());
        }
    }

    /** Brings one stream from the agent into the log; a thread of its own. */
    private final class Pump {
        private final int stream;
        private final Thread thread;
        /** The read under way, while there is one. */
        private volatile @Nullable TtrpcCall<ReadOutputResponse> reading;

        Pump(int stream) {
            this.stream = stream;
            this.thread = thread(stream == 0 ? "stdout" : "stderr").start(this::run);
        }

        private void run() {
            try {
                while (pumpOnce()) {}
            } catch (HakoException e) {
                log.debug("{}: {}", Thread.currentThread().getName(), e.getMessage());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }

        private boolean pumpOnce() throws InterruptedException {
            TtrpcCall<ReadOutputResponse> call = agent().startReadOutput(ReadOutputRequest.newBuilder()
                    .setContainerId(containerId)
                    .setProcessId(id)
                    .setStreamValue(stream)
                    .setOffset(output.offset(stream))
                    .setMaxBytes(CHUNK_BYTES)
                    .build());
            reading = call;
            ReadOutputResponse read = call.await();
            reading = null;
            if (read.getData().isEmpty()) {
                return !read.getEnd()
                        && refuse("the guest answered a read with neither bytes nor the end of the stream");
            }
            append(stream, read);
            return !read.getEnd();
        }

        /** The process has ended: what it wrote waits in the guest, so a read that is not answered never will be. */
        void awaitEnd() throws InterruptedException {
            TtrpcCall<?> before = reading;
            while (!thread.join(READ_PATIENCE)) {
                TtrpcCall<?> now = reading;
                if (now != null && now == before) {
                    log.warn("{}: the guest does not answer a read; the rest of its output is lost", thread.getName());
                    now.cancel();
                }
                before = now;
            }
        }
    }

    private void append(int stream, ReadOutputResponse read) throws InterruptedException {
        boolean warned = false;
        ByteBuffer bytes = read.getData().asReadOnlyByteBuffer();
        while (true) {
            try {
                output.append(stream, bytes, clock.instant());
                return;
            } catch (HakoException e) { // no room: hold the process back until there is
                if (e.code() != HakoException.Code.NO_SPACE) {
                    throw e;
                }
                if (!warned) {
                    log.warn("{}: {}; its output waits until there is room", containerId, e.getMessage());
                    warned = true;
                }
                Thread.sleep(1000);
            }
        }
    }

    private static boolean refuse(String fact) {
        throw new HakoException(HakoException.Kind.EXTERNAL, HakoException.Code.GUEST, fact);
    }

    /**
     * Takes the place of the caller this process was started for: from now on output waits for {@link Attachment#copy}
     * rather than being dropped. Before the start for a caller who wants all of it.
     */
    public Attachment attach(ProcessCaller caller) {
        Attachment attachment = new Attachment(this, output, caller);
        noteCaller(caller.pid());
        callerCame.countDown();
        return attachment;
    }

    /** Writes down who may come back for the rest, should the daemon be killed. */
    private void noteCaller(long pid) {
        String text = ProcessIdentity.of(pid)
                .map(caller -> caller.pid() + " " + caller.startTime())
                .orElse("");
        try {
            Files.createDirectories(directory);
            Files.writeString(directory.resolve(CALLER), text);
        } catch (IOException e) {
            throw new HakoException(
                    HakoException.Kind.RESOURCES, HakoException.Code.NO_SPACE, "write " + directory + ": " + e, e);
        }
    }

    /** Whether the caller of an earlier daemon is still there. */
    private boolean callerLives() {
        return caller().filter(ProcessIdentity::isAlive).isPresent();
    }

    private Optional<ProcessIdentity> caller() {
        try {
            String[] numbers = Files.readString(directory.resolve(CALLER)).split(" ");
            return numbers.length == 2
                    ? Optional.of(new ProcessIdentity(Long.parseLong(numbers[0]), Long.parseLong(numbers[1])))
                    : Optional.empty();
        } catch (IOException | NumberFormatException e) {
            return Optional.empty();
        }
    }

    /** The process of this host that it was made for; 0 when that has ended. */
    public long callerPid() {
        return caller().filter(ProcessIdentity::isAlive)
                .map(ProcessIdentity::pid)
                .orElse(0L);
    }

    /** The one that it was made for has ended while no daemon ran. */
    boolean lostItsCaller() {
        return Files.exists(directory.resolve(CALLER)) && !callerLives();
    }

    /** Keeps the output, for so long, until a caller of the last daemon has come back for it. */
    void expectCaller(Duration patience) {
        if (!callerLives()) {
            return;
        }
        OutputReader place = output.reader(0, true);
        thread("caller").start(() -> {
            try (place) {
                callerCame.await(patience.toMillis(), TimeUnit.MILLISECONDS);
            } catch (InterruptedException | IOException e) {
                log.debug("caller of {}: {}", containerId, e.toString());
            }
        });
    }

    /** Writes input to the process; returns when it has gone in. */
    void write(long offset, byte[] bytes, boolean end) {
        agent().startWriteInput(WriteInputRequest.newBuilder()
                        .setContainerId(containerId)
                        .setProcessId(id)
                        .setOffset(offset)
                        .setData(ByteString.copyFrom(bytes))
                        .setEnd(end)
                        .build())
                .await();
    }

    public void resize(int rows, int columns) {
        agent().resizeTerminal(
                        ResizeTerminalRequest.newBuilder()
                                .setContainerId(containerId)
                                .setProcessId(id)
                                .setRows(rows)
                                .setColumns(columns)
                                .build(),
                        TIMEOUT);
    }

    public void signal(int number) {
        signal(number, TIMEOUT);
    }

    void signal(int number, Duration timeout) {
        agent().signalProcess(
                        SignalProcessRequest.newBuilder()
                                .setContainerId(containerId)
                                .setProcessId(id)
                                .setSignal(number)
                                .build(),
                        timeout);
    }

    /** To all processes of its container. */
    void signalAll(int number) {
        agent().signalProcess(
                        SignalProcessRequest.newBuilder()
                                .setContainerId(containerId)
                                .setProcessId(id)
                                .setSignal(number)
                                .setAll(true)
                                .build(),
                        TIMEOUT);
    }

    /** It has ended and all it wrote was read: the agent may forget it. */
    void delete() {
        agent().startDeleteProcess(request());
    }

    private AgentClient agent() {
        if (agent == null) {
            throw HakoException.user(
                    HakoException.Code.WRONG_STATE,
                    "container %s has exited".formatted(ContainerId.shortened(containerId)));
        }
        return agent;
    }

    private ProcessRequest request() {
        return ProcessRequest.newBuilder()
                .setContainerId(containerId)
                .setProcessId(id)
                .build();
    }

    private Thread.Builder thread(String what) {
        String shortId = containerId.substring(0, Math.min(12, containerId.length()));
        return Thread.ofVirtual().name("container-" + shortId + (id.isEmpty() ? "-" : "-" + id + "-") + what);
    }
}
