package hako.agent;

import com.google.protobuf.MessageLite;
import com.google.protobuf.Parser;
import hako.agent.v1.AwaitEventRequest;
import hako.agent.v1.AwaitQueryRequest;
import hako.agent.v1.BindSandboxRequest;
import hako.agent.v1.CheckRequest;
import hako.agent.v1.CheckResponse;
import hako.agent.v1.ConfigureLinkRequest;
import hako.agent.v1.ContainerRequest;
import hako.agent.v1.CreateContainerRequest;
import hako.agent.v1.CreateContainerResponse;
import hako.agent.v1.Empty;
import hako.agent.v1.Event;
import hako.agent.v1.ExecProcessRequest;
import hako.agent.v1.ExitStatus;
import hako.agent.v1.NameAnswer;
import hako.agent.v1.NameQuery;
import hako.agent.v1.OnlineCpusRequest;
import hako.agent.v1.OnlineCpusResponse;
import hako.agent.v1.PidsResponse;
import hako.agent.v1.ProcessRequest;
import hako.agent.v1.ReadOutputRequest;
import hako.agent.v1.ReadOutputResponse;
import hako.agent.v1.ResizeTerminalRequest;
import hako.agent.v1.SetClockRequest;
import hako.agent.v1.ShutdownRequest;
import hako.agent.v1.SignalProcessRequest;
import hako.agent.v1.StartContainerRequest;
import hako.agent.v1.StartResponse;
import hako.agent.v1.StatsResponse;
import hako.agent.v1.UpdateContainerRequest;
import hako.agent.v1.WriteInputRequest;
import hako.ttrpc.TtrpcCall;
import hako.ttrpc.TtrpcClient;
import hako.ttrpc.TtrpcException;
import java.time.Duration;

/**
 * The guest's agent, as the host calls it: {@code agent.proto}, one method per rpc, and for each a {@code start…} form
 * that puts the request in line and returns at once. The agent carries requests out in the order of their arrival, so a
 * chain of starts costs one round trip. Threads: any.
 *
 * <p>Every blocking form throws {@link TtrpcException} with the agent's status, {@code DEADLINE_EXCEEDED} after
 * {@code timeout}, {@code RESOURCE_EXHAUSTED} for an answer longer than its kind can be, or the reason why the VM ended.
 * Everything that comes back was made by the guest: bounded before it is parsed, and to be judged by the caller.
 */
public final class AgentClient {
    /** The service, on the wire. */
    public static final String SERVICE = "hako.agent.v1.Agent";

    // Parsed, bytes are up to 70 times as much heap where a guest wants them to be: 16 KiB a megabyte. So each answer
    // is
    // bounded by what it is for.

    private static final int MAX_ANSWER_BYTES = 16 << 10;

    /** Some 300 containers and processes with their exit statuses. */
    private static final int MAX_CHECK_BYTES = 64 << 10;

    /** Around the output that was asked for. */
    private static final int OUTPUT_FRAME_BYTES = 1 << 10;

    private final TtrpcClient client;

    public AgentClient(TtrpcClient client) {
        this.client = client;
    }

    /** The connection, e.g. to fail or close it. */
    public TtrpcClient connection() {
        return client;
    }

    /** Who the guest is and what it still runs. The first call of every connection. */
    public CheckResponse check(Duration timeout) {
        return call("Check", CheckRequest.getDefaultInstance(), CheckResponse.parser(), MAX_CHECK_BYTES, timeout);
    }

    /** In line, without waiting: see {@link #check}. */
    public TtrpcCall<CheckResponse> startCheck() {
        return start("Check", CheckRequest.getDefaultInstance(), CheckResponse.parser(), MAX_CHECK_BYTES);
    }

    /** Gives a booted VM its identity, once. */
    public void bindSandbox(BindSandboxRequest request, Duration timeout) {
        call("BindSandbox", request, Empty.parser(), timeout);
    }

    /** In line, without waiting: see {@link #bindSandbox}. */
    public TtrpcCall<Empty> startBindSandbox(BindSandboxRequest request) {
        return start("BindSandbox", request, Empty.parser());
    }

    /** Sets the guest's wall clock. */
    public void setClock(SetClockRequest request, Duration timeout) {
        call("SetClock", request, Empty.parser(), timeout);
    }

    /** In line, without waiting: see {@link #setClock}. */
    public TtrpcCall<Empty> startSetClock(SetClockRequest request) {
        return start("SetClock", request, Empty.parser());
    }

    /** Brings CPUs online until that many are. */
    public OnlineCpusResponse onlineCpus(OnlineCpusRequest request, Duration timeout) {
        return call("OnlineCpus", request, OnlineCpusResponse.parser(), timeout);
    }

    /** In line, without waiting: see {@link #onlineCpus}. */
    public TtrpcCall<OnlineCpusResponse> startOnlineCpus(OnlineCpusRequest request) {
        return start("OnlineCpus", request, OnlineCpusResponse.parser());
    }

    /** Waits for a link with this MAC address, then names and configures it. */
    public void configureLink(ConfigureLinkRequest request, Duration timeout) {
        call("ConfigureLink", request, Empty.parser(), timeout);
    }

    /** In line, without waiting: see {@link #configureLink}. */
    public TtrpcCall<Empty> startConfigureLink(ConfigureLinkRequest request) {
        return start("ConfigureLink", request, Empty.parser());
    }

    /** Synchronises file systems, kills what runs, powers off. The connection may end before the answer. */
    public void shutdown(Duration timeout) {
        call("Shutdown", ShutdownRequest.getDefaultInstance(), Empty.parser(), timeout);
    }

    /** In line, without waiting: see {@link #shutdown}. */
    public TtrpcCall<Empty> startShutdown() {
        return start("Shutdown", ShutdownRequest.getDefaultInstance(), Empty.parser());
    }

    /** Builds one that is nobody's yet, for a {@link #createContainer} that is like it in all but name and process. */
    public CreateContainerResponse prepareContainer(CreateContainerRequest request, Duration timeout) {
        return call("PrepareContainer", request, CreateContainerResponse.parser(), timeout);
    }

    /**
     * Mounts the storages and builds the container; nothing of its image runs yet. A failure of the image's making
     * is in the answer, not an exception.
     */
    public CreateContainerResponse createContainer(CreateContainerRequest request, Duration timeout) {
        return call("CreateContainer", request, CreateContainerResponse.parser(), timeout);
    }

    /** In line, without waiting: see {@link #createContainer}. */
    public TtrpcCall<CreateContainerResponse> startCreateContainer(CreateContainerRequest request) {
        return start("CreateContainer", request, CreateContainerResponse.parser());
    }

    /** Starts the container's init. A command that cannot be started is in the answer, not an exception. */
    public StartResponse startContainer(StartContainerRequest request, Duration timeout) {
        return call("StartContainer", request, StartResponse.parser(), timeout);
    }

    /** In line, without waiting: see {@link #startContainer}. */
    public TtrpcCall<StartResponse> startStartContainer(StartContainerRequest request) {
        return start("StartContainer", request, StartResponse.parser());
    }

    /** Freezes every process of the container. */
    public void pauseContainer(ContainerRequest request, Duration timeout) {
        call("PauseContainer", request, Empty.parser(), timeout);
    }

    /** In line, without waiting: see {@link #pauseContainer}. */
    public TtrpcCall<Empty> startPauseContainer(ContainerRequest request) {
        return start("PauseContainer", request, Empty.parser());
    }

    /** Thaws what {@link #pauseContainer} froze. */
    public void resumeContainer(ContainerRequest request, Duration timeout) {
        call("ResumeContainer", request, Empty.parser(), timeout);
    }

    /** In line, without waiting: see {@link #resumeContainer}. */
    public TtrpcCall<Empty> startResumeContainer(ContainerRequest request) {
        return start("ResumeContainer", request, Empty.parser());
    }

    /** Changes limits; absent members of the resources stay as they are. */
    public void updateContainer(UpdateContainerRequest request, Duration timeout) {
        call("UpdateContainer", request, Empty.parser(), timeout);
    }

    /** In line, without waiting: see {@link #updateContainer}. */
    public TtrpcCall<Empty> startUpdateContainer(UpdateContainerRequest request) {
        return start("UpdateContainer", request, Empty.parser());
    }

    /** What the container uses. */
    public StatsResponse containerStats(ContainerRequest request, Duration timeout) {
        return call("ContainerStats", request, StatsResponse.parser(), timeout);
    }

    /** In line, without waiting: see {@link #containerStats}. */
    public TtrpcCall<StatsResponse> startContainerStats(ContainerRequest request) {
        return start("ContainerStats", request, StatsResponse.parser());
    }

    /** Guest pids of the container's processes. */
    public PidsResponse listPids(ContainerRequest request, Duration timeout) {
        return call("ListPids", request, PidsResponse.parser(), timeout);
    }

    /** In line, without waiting: see {@link #listPids}. */
    public TtrpcCall<PidsResponse> startListPids(ContainerRequest request) {
        return start("ListPids", request, PidsResponse.parser());
    }

    /** Kills what is left of the container, unmounts, forgets it. {@code NOT_FOUND} when it is not there. */
    public void deleteContainer(ContainerRequest request, Duration timeout) {
        call("DeleteContainer", request, Empty.parser(), timeout);
    }

    /** In line, without waiting: see {@link #deleteContainer}. */
    public TtrpcCall<Empty> startDeleteContainer(ContainerRequest request) {
        return start("DeleteContainer", request, Empty.parser());
    }

    /** Starts one more process in a running container. */
    public StartResponse execProcess(ExecProcessRequest request, Duration timeout) {
        return call("ExecProcess", request, StartResponse.parser(), timeout);
    }

    /** In line, without waiting: see {@link #execProcess}. */
    public TtrpcCall<StartResponse> startExecProcess(ExecProcessRequest request) {
        return start("ExecProcess", request, StartResponse.parser());
    }

    /** Forgets an exited exec process and its exit status. */
    public void deleteProcess(ProcessRequest request, Duration timeout) {
        call("DeleteProcess", request, Empty.parser(), timeout);
    }

    /** In line, without waiting: see {@link #deleteProcess}. */
    public TtrpcCall<Empty> startDeleteProcess(ProcessRequest request) {
        return start("DeleteProcess", request, Empty.parser());
    }

    /** Sends a signal to a process, or to all of a container. */
    public void signalProcess(SignalProcessRequest request, Duration timeout) {
        call("SignalProcess", request, Empty.parser(), timeout);
    }

    /** In line, without waiting: see {@link #signalProcess}. */
    public TtrpcCall<Empty> startSignalProcess(SignalProcessRequest request) {
        return start("SignalProcess", request, Empty.parser());
    }

    /** Sets the size of a process's terminal. */
    public void resizeTerminal(ResizeTerminalRequest request, Duration timeout) {
        call("ResizeTerminal", request, Empty.parser(), timeout);
    }

    /** In line, without waiting: see {@link #resizeTerminal}. */
    public TtrpcCall<Empty> startResizeTerminal(ResizeTerminalRequest request) {
        return start("ResizeTerminal", request, Empty.parser());
    }

    /** Answered when the process has exited. */
    public ExitStatus waitProcess(ProcessRequest request, Duration timeout) {
        return call("WaitProcess", request, ExitStatus.parser(), timeout);
    }

    /** In line, without waiting: see {@link #waitProcess}. */
    public TtrpcCall<ExitStatus> startWaitProcess(ProcessRequest request) {
        return start("WaitProcess", request, ExitStatus.parser());
    }

    /** Answered when the bytes have gone into the process's input. */
    public void writeInput(WriteInputRequest request, Duration timeout) {
        call("WriteInput", request, Empty.parser(), timeout);
    }

    /** In line, without waiting: see {@link #writeInput}. */
    public TtrpcCall<Empty> startWriteInput(WriteInputRequest request) {
        return start("WriteInput", request, Empty.parser());
    }

    /** Answered with at least one byte from {@code offset}, or the end; acknowledges all before {@code offset}. */
    public ReadOutputResponse readOutput(ReadOutputRequest request, Duration timeout) {
        return call("ReadOutput", request, new OutputParser(), outputBytes(request), timeout);
    }

    /** In line, without waiting: see {@link #readOutput}. */
    public TtrpcCall<ReadOutputResponse> startReadOutput(ReadOutputRequest request) {
        return start("ReadOutput", request, new OutputParser(), outputBytes(request));
    }

    /** Answered when something happened after event number {@code after}. */
    public Event awaitEvent(AwaitEventRequest request, Duration timeout) {
        return call("AwaitEvent", request, Event.parser(), timeout);
    }

    /** In line, without waiting: see {@link #awaitEvent}. */
    public TtrpcCall<Event> startAwaitEvent(AwaitEventRequest request) {
        return start("AwaitEvent", request, Event.parser());
    }

    /**
     * In line: answered with the next query of a name at one of the servers, which the agent serves from now on. However long it
     * takes.
     */
    public TtrpcCall<NameQuery> startAwaitQuery(AwaitQueryRequest request) {
        return start("AwaitQuery", request, NameQuery.parser());
    }

    /** Hands the answer to whoever asked. */
    public void answerQuery(NameAnswer answer, Duration timeout) {
        call("AnswerQuery", answer, Empty.parser(), timeout);
    }

    private static int outputBytes(ReadOutputRequest request) {
        return request.getMaxBytes() + OUTPUT_FRAME_BYTES;
    }

    private <T extends MessageLite> T call(String method, MessageLite request, Parser<T> parser, Duration timeout) {
        return call(method, request, parser, MAX_ANSWER_BYTES, timeout);
    }

    private <T extends MessageLite> T call(
            String method, MessageLite request, Parser<T> parser, int maxAnswerBytes, Duration timeout) {
        return client.call(SERVICE, method, request, parser, maxAnswerBytes, timeout);
    }

    private <T extends MessageLite> TtrpcCall<T> start(String method, MessageLite request, Parser<T> parser) {
        return start(method, request, parser, MAX_ANSWER_BYTES);
    }

    private <T extends MessageLite> TtrpcCall<T> start(
            String method, MessageLite request, Parser<T> parser, int maxAnswerBytes) {
        return client.start(SERVICE, method, request, parser, maxAnswerBytes);
    }
}
