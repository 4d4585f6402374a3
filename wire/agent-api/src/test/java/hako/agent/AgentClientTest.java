package hako.agent;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import com.google.protobuf.WireFormat;
import com.sun.management.ThreadMXBean;
import hako.agent.v1.BindSandboxRequest;
import hako.agent.v1.CheckRequest;
import hako.agent.v1.CheckResponse;
import hako.agent.v1.ContainerRequest;
import hako.agent.v1.Empty;
import hako.agent.v1.ExitStatus;
import hako.agent.v1.LinkStats;
import hako.agent.v1.ProcessRequest;
import hako.agent.v1.ReadOutputRequest;
import hako.agent.v1.ReadOutputResponse;
import hako.agent.v1.StartContainerRequest;
import hako.agent.v1.StatsResponse;
import hako.ttrpc.StatusCode;
import hako.ttrpc.TtrpcCall;
import hako.ttrpc.TtrpcClient;
import hako.ttrpc.TtrpcException;
import hako.ttrpc.TtrpcServer;
import hako.ttrpc.TtrpcService;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collections;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(20)
class AgentClientTest {
    private static final Duration SOON = Duration.ofSeconds(5);

    @TempDir
    Path directory;

    private AgentClient agent;
    private TtrpcServer server;

    @BeforeEach
    void connect() throws IOException {
        TtrpcService service = new TtrpcService(AgentClient.SERVICE)
                .method(
                        "Check",
                        CheckRequest.parser(),
                        request -> CheckResponse.newBuilder()
                                .setAgentVersion("0.1.0")
                                .setCpusOnline(2)
                                .build())
                .method(
                        "ContainerStats",
                        ContainerRequest.parser(),
                        request -> StatsResponse.newBuilder()
                                .addAllLinks(Collections.nCopies(9000, LinkStats.getDefaultInstance()))
                                .build())
                .method(
                        "ReadOutput",
                        ReadOutputRequest.parser(),
                        request -> ReadOutputResponse.newBuilder()
                                .setData(ByteString.copyFrom(new byte[(int) request.getOffset()]))
                                .setEnd(true)
                                .build())
                .method("BindSandbox", BindSandboxRequest.parser(), request -> Empty.getDefaultInstance())
                .method(
                        "WaitProcess",
                        ProcessRequest.parser(),
                        request -> ExitStatus.newBuilder().setCode(3).build())
                .method("StartContainer", StartContainerRequest.parser(), request -> {
                    throw new TtrpcException(StatusCode.NOT_FOUND, "start \"web\": no such container");
                });
        UnixDomainSocketAddress address = UnixDomainSocketAddress.of(directory.resolve("agent.sock"));
        try (ServerSocketChannel listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            listener.bind(address);
            agent = new AgentClient(TtrpcClient.over(SocketChannel.open(address), "test-agent"));
            server = TtrpcServer.over(listener.accept(), "fake-agent", service);
        }
    }

    @AfterEach
    void disconnect() {
        agent.connection().close();
        server.close();
    }

    @Test
    void checkTellsWhoTheGuestIs() {
        assertThat(agent.check(SOON).getCpusOnline()).isEqualTo(2);
    }

    @Test
    void aChainOfStartsIsAwaitedAfterwards() {
        TtrpcCall<Empty> bind = agent.startBindSandbox(
                BindSandboxRequest.newBuilder().setSandboxId("7f3a").build());
        TtrpcCall<ExitStatus> exit = agent.startWaitProcess(ProcessRequest.getDefaultInstance());

        assertThat(exit.await(SOON).getCode()).isEqualTo(3);
        bind.await(SOON);
    }

    @Test
    void anAnswerOfThousandsOfEmptyMessagesIsRefusedBeforeItIsParsed() {
        assertThatThrownBy(() -> agent.containerStats(ContainerRequest.getDefaultInstance(), SOON))
                .hasMessage("call ContainerStats of test-agent: the answer has 18004 bytes; at most 16384 are taken");
        assertThat(agent.check(SOON).getAgentVersion()).isEqualTo("0.1.0");
    }

    @Test
    void outputIsTakenAsLongAsItWasAskedForAndNoLonger() {
        ReadOutputResponse answer = agent.readOutput(output(100_000, 100_000), SOON);
        assertThat(answer.getData().size()).isEqualTo(100_000);
        assertThat(answer.getEnd()).isTrue();

        assertThatThrownBy(() -> agent.readOutput(output(102_000, 100_000), SOON))
                .hasMessageEndingWith("at most 101024 are taken");
    }

    @Test
    void whatDoesNotBelongInOutputCostsNoMemory() throws Exception {
        // Field 15 as a group that ends at once: 2 bytes here, 140 in the set of unknown fields of the usual parser.
        byte[] groups = new byte[256 << 10];
        for (int i = 0; i < groups.length; i += 2) {
            groups[i] = 15 << 3 | WireFormat.WIRETYPE_START_GROUP;
            groups[i + 1] = 15 << 3 | WireFormat.WIRETYPE_END_GROUP;
        }
        ThreadMXBean thread = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        new OutputParser().parseFrom(groups); // with classes loaded
        long before = thread.getCurrentThreadAllocatedBytes();

        new OutputParser().parseFrom(groups);

        assertThat(thread.getCurrentThreadAllocatedBytes() - before).isLessThan(groups.length);
    }

    private static ReadOutputRequest output(int given, int maxBytes) {
        return ReadOutputRequest.newBuilder()
                .setOffset(given)
                .setMaxBytes(maxBytes)
                .build();
    }

    @Test
    void theAgentsRefusalCarriesItsStatus() {
        assertThatThrownBy(() -> agent.startContainer(
                        StartContainerRequest.newBuilder().setContainerId("web").build(), SOON))
                .isInstanceOfSatisfying(
                        TtrpcException.class, e -> assertThat(e.status()).isEqualTo(StatusCode.NOT_FOUND.number()))
                .hasMessage("start \"web\": no such container");
    }
}
