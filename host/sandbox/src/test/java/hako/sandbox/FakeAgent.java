package hako.sandbox;

import com.google.protobuf.MessageLite;
import com.google.protobuf.Parser;
import hako.agent.AgentClient;
import hako.agent.v1.AwaitQueryRequest;
import hako.agent.v1.BindSandboxRequest;
import hako.agent.v1.CheckRequest;
import hako.agent.v1.CheckResponse;
import hako.agent.v1.ContainerRequest;
import hako.agent.v1.ContainerStatus;
import hako.agent.v1.CreateContainerRequest;
import hako.agent.v1.CreateContainerResponse;
import hako.agent.v1.Empty;
import hako.agent.v1.ExecProcessRequest;
import hako.agent.v1.NameAnswer;
import hako.agent.v1.NameQuery;
import hako.agent.v1.OnlineCpusRequest;
import hako.agent.v1.OnlineCpusResponse;
import hako.agent.v1.ProcessRequest;
import hako.agent.v1.ProcessStatus;
import hako.agent.v1.ReadOutputRequest;
import hako.agent.v1.SetClockRequest;
import hako.agent.v1.SignalProcessRequest;
import hako.agent.v1.StartResponse;
import hako.agent.v1.UpdateContainerRequest;
import hako.agent.v1.WriteInputRequest;
import hako.base.HakoException;
import hako.ttrpc.StatusCode;
import hako.ttrpc.TtrpcClient;
import hako.ttrpc.TtrpcException;
import hako.ttrpc.TtrpcServer;
import hako.ttrpc.TtrpcService;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;

/**
 * A guest's agent in this JVM, over a real socket: its containers and processes outlive connections, as the agent's do.
 * It can be told to misbehave, method by method. Threads: any.
 */
final class FakeAgent {
    /** Instead of what the agent would do. */
    interface Misbehaviour {
        MessageLite answer(MessageLite request) throws Exception;
    }

    private final Map<String, Misbehaviour> misbehaviours = new ConcurrentHashMap<>();
    private final Map<String, FakeProcess> processes = new ConcurrentHashMap<>();
    private final Map<String, ContainerStatus.State> containers = new ConcurrentHashMap<>();
    private final BlockingQueue<NameQuery> queries = new LinkedBlockingQueue<>();
    private final BlockingQueue<NameAnswer> answers = new LinkedBlockingQueue<>();
    private final Map<String, CreateContainerRequest> created = new ConcurrentHashMap<>();
    private final Queue<String> calls = new ConcurrentLinkedQueue<>();
    private volatile Connection connection = new Connection();

    /** One daemon's. */
    private static final class Connection {
        private final CountDownLatch never = new CountDownLatch(1);
        private volatile boolean frozen;
        private volatile SocketChannel theirs;

        private <A> A through(A answer) throws InterruptedException {
            if (frozen) {
                never.await();
            }
            return answer;
        }
    }

    /** A daemon connects; an earlier one is dead, and as silent as that. */
    TtrpcClient connect(UnaryOperator<HakoException> explain) {
        connection.frozen = true;
        Connection fresh = new Connection();
        connection = fresh;
        try (ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            Path directory = Files.createTempDirectory("hako-agent");
            UnixDomainSocketAddress address = UnixDomainSocketAddress.of(directory.resolve("s"));
            listener.bind(address);
            SocketChannel ours = SocketChannel.open(address);
            fresh.theirs = listener.accept();
            Files.delete(address.getPath());
            Files.delete(directory);
            TtrpcServer.over(fresh.theirs, "fake-agent", service(fresh));
            return TtrpcClient.over(ours, "agent", 1 << 22, explain);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    // -- for tests -----------------------------------------------------------------------------------------------

    FakeAgent on(String method, Misbehaviour misbehaviour) {
        misbehaviours.put(method, misbehaviour);
        return this;
    }

    FakeAgent neverAnswers(String method) {
        return on(method, request -> {
            new CountDownLatch(1).await();
            throw new AssertionError();
        });
    }

    FakeAgent refuses(String method, StatusCode status, String message) {
        return on(method, request -> {
            throw new TtrpcException(status, message);
        });
    }

    /** An answer that is no message of the kind that was asked for. */
    FakeAgent answersGarbage(String method) {
        return on(
                method,
                request -> CheckResponse.newBuilder()
                        .setAgentVersion("garbage")
                        .setKernelRelease("more of it")
                        .build());
    }

    void behaves(String method) {
        misbehaviours.remove(method);
    }

    /** Bytes that are no frame. */
    void writesGarbage() throws IOException {
        connection.theirs.write(ByteBuffer.wrap(new byte[] {-1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1}));
    }

    /** The daemon is killed: from now on it hears nothing and cannot do anything. */
    void daemonDies() {
        connection.frozen = true;
    }

    /** Loses every container, as another guest would. */
    void forgetsEverything() {
        containers.clear();
        processes.clear();
    }

    /** Claims to run a process that nobody asked for. */
    void invents(String containerId, String processId) {
        processes.put(containerId + "/" + processId, new FakeProcess());
    }

    /** A container of it does. */
    void asks(NameQuery query) {
        queries.add(query);
    }

    /** Queries that nobody has taken. */
    int unasked() {
        return queries.size();
    }

    /** What it is told next; null: nothing soon. */
    NameAnswer answer(Duration patience) throws InterruptedException {
        return answers.poll(patience.toMillis(), TimeUnit.MILLISECONDS);
    }

    boolean wasAsked(String method) {
        return calls.contains(method);
    }

    FakeProcess init(String containerId) {
        return process(containerId, "");
    }

    FakeProcess exec(String containerId, String id) {
        return process(containerId, id);
    }

    boolean knows(String containerId, String processId) {
        return processes.containsKey(containerId + "/" + processId);
    }

    /** The init ends, and with its pid namespace everything in it. */
    void initExits(String containerId, int code) {
        init(containerId).exits(code);
        containers.put(containerId, ContainerStatus.State.STOPPED);
        processes.forEach((key, process) -> {
            if (key.startsWith(containerId + "/")) {
                process.exits(137);
            }
        });
    }

    /** What it was asked to build. */
    CreateContainerRequest created(String containerId) {
        return created.get(containerId);
    }

    boolean has(String containerId) {
        return containers.containsKey(containerId);
    }

    /** Loses one container. */
    void forgets(String containerId) {
        delete(containerId);
    }

    void builds(String containerId) {
        containers.put(containerId, ContainerStatus.State.CREATED);
    }

    private void delete(String containerId) {
        if (containers.remove(containerId) == null) {
            throw new TtrpcException(StatusCode.NOT_FOUND, "no such container");
        }
        processes.keySet().removeIf(key -> key.startsWith(containerId + "/"));
    }

    // -- the service ---------------------------------------------------------------------------------------------

    private TtrpcService service(Connection connection) {
        TtrpcService service = new TtrpcService(AgentClient.SERVICE);
        serve(service, connection, "Check", CheckRequest.parser(), request -> check());
        serve(service, connection, "BindSandbox", BindSandboxRequest.parser(), request -> empty());
        serve(service, connection, "SetClock", SetClockRequest.parser(), request -> empty());
        serve(
                service,
                connection,
                "OnlineCpus",
                OnlineCpusRequest.parser(),
                request -> OnlineCpusResponse.newBuilder()
                        .setOnline(request.getCount())
                        .build());
        serve(service, connection, "UpdateContainer", UpdateContainerRequest.parser(), request -> empty());
        serve(service, connection, "DeleteContainer", ContainerRequest.parser(), request -> {
            delete(request.getContainerId());
            return empty();
        });
        serve(service, connection, "CreateContainer", CreateContainerRequest.parser(), request -> {
            created.put(request.getContainerId(), request);
            containers.put(request.getContainerId(), ContainerStatus.State.CREATED);
            return CreateContainerResponse.newBuilder().setPid(2).build();
        });
        serve(service, connection, "StartContainer", ContainerRequest.parser(), this::start);
        serve(service, connection, "PauseContainer", ContainerRequest.parser(), request -> empty());
        serve(service, connection, "ResumeContainer", ContainerRequest.parser(), request -> empty());
        serve(service, connection, "ExecProcess", ExecProcessRequest.parser(), this::exec);
        serve(service, connection, "DeleteProcess", ProcessRequest.parser(), request -> {
            processes.remove(request.getContainerId() + "/" + request.getProcessId());
            return empty();
        });
        serve(service, connection, "SignalProcess", SignalProcessRequest.parser(), request -> {
            process(request.getContainerId(), request.getProcessId()).signal(request.getSignal());
            return empty();
        });
        serve(
                service,
                connection,
                "WaitProcess",
                ProcessRequest.parser(),
                request -> process(request.getContainerId(), request.getProcessId())
                        .awaitExit());
        serve(service, connection, "WriteInput", WriteInputRequest.parser(), request -> {
            process(request.getContainerId(), request.getProcessId()).write(request);
            return empty();
        });
        serve(service, connection, "AwaitQuery", AwaitQueryRequest.parser(), request -> queries.take());
        serve(service, connection, "AnswerQuery", NameAnswer.parser(), answer -> {
            answers.add(answer);
            return empty();
        });
        serve(
                service,
                connection,
                "ReadOutput",
                ReadOutputRequest.parser(),
                request -> process(request.getContainerId(), request.getProcessId())
                        .read(request));
        return service;
    }

    private <Q extends MessageLite> void serve(
            TtrpcService service,
            Connection connection,
            String method,
            Parser<Q> parser,
            TtrpcService.Method<Q, MessageLite> body) {
        service.method(method, parser, (Q request) -> {
            connection.through(request);
            calls.add(method);
            Misbehaviour misbehaviour = misbehaviours.get(method);
            try {
                MessageLite answer = misbehaviour == null ? body.call(request) : misbehaviour.answer(request);
                return connection.through(answer);
            } catch (TtrpcException e) {
                throw connection.through(e);
            }
        });
    }

    private CheckResponse check() {
        CheckResponse.Builder answer = CheckResponse.newBuilder().setAgentVersion("fake");
        containers.forEach((id, state) -> answer.addContainers(status(id, state)));
        return answer.build();
    }

    private ContainerStatus status(String containerId, ContainerStatus.State state) {
        ContainerStatus.Builder status =
                ContainerStatus.newBuilder().setContainerId(containerId).setState(state);
        processes.keySet().stream()
                .filter(key -> key.startsWith(containerId + "/"))
                .sorted()
                .forEach(key -> status.addProcesses(
                        ProcessStatus.newBuilder().setProcessId(key.substring(key.indexOf('/') + 1))));
        return status.build();
    }

    private StartResponse start(ContainerRequest request) {
        if (containers.replace(request.getContainerId(), ContainerStatus.State.RUNNING)
                != ContainerStatus.State.CREATED) {
            throw new TtrpcException(StatusCode.FAILED_PRECONDITION, "the container is not created");
        }
        processes.put(request.getContainerId() + "/", new FakeProcess());
        return StartResponse.newBuilder().setPid(2).build();
    }

    private StartResponse exec(ExecProcessRequest request) {
        processes.put(request.getContainerId() + "/" + request.getProcessId(), new FakeProcess());
        return StartResponse.newBuilder().setPid(3).build();
    }

    private FakeProcess process(String containerId, String processId) {
        FakeProcess process = processes.get(containerId + "/" + processId);
        if (process == null) {
            throw new TtrpcException(StatusCode.NOT_FOUND, "no such process");
        }
        return process;
    }

    private static Empty empty() {
        return Empty.getDefaultInstance();
    }
}
