package hako.bench;

import com.google.protobuf.ByteString;
import hako.agent.AgentClient;
import hako.agent.v1.BindSandboxRequest;
import hako.agent.v1.CreateContainerRequest;
import hako.agent.v1.ReadOutputRequest;
import hako.agent.v1.ReadOutputResponse;
import hako.agent.v1.Rootfs;
import hako.agent.v1.StartContainerRequest;
import hako.agent.v1.Storage;
import hako.base.HakoException;
import hako.ttrpc.TtrpcClient;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * The agent's memory as the guest's kernel counts it. No container of Hako sees the agent, which is PID 1 outside of
 * their pid namespaces; so here a VM with the same command line is booted by hand, and its agent is asked, through
 * agent-api, for a container without a pid namespace, which reads what {@code /proc/1} tells.
 */
final class AgentFootprint implements Benchmark {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final String CONTAINER = "bench";
    private static final double KIB = 1 << 10;
    private static final double MIB = 1 << 20;

    @Override
    public String name() {
        return "the agent's memory";
    }

    @Override
    public List<Row> run(Setup setup) {
        Tools tools = setup.tools();
        Path socket = setup.node().home().resolve("agent.sock");
        List<String> line;
        try (Node cold = Node.cold(tools)) {
            line = BareVmm.agent(cold, tools.initramfs(), socket, tools.rootErofs());
        }
        String smaps = measure(line, socket);

        Series anonymous = Series.of("anonymous", Unit.KILOBYTES, number(smaps, "Anonymous", "RssAnon") / KIB);
        Series rss = Series.of("RSS", Unit.MEGABYTES, number(smaps, "Rss", "VmRSS") / MIB);
        Series binary = Series.of("binary", Unit.MEGABYTES, size(tools.agent()) / MIB);
        return List.of(
                Row.of(Promise.AGENT_ANONYMOUS, anonymous),
                Row.of(Promise.AGENT_RSS, rss),
                Row.of(Promise.AGENT_BINARY, binary));
    }

    private static String measure(List<String> line, Path socket) {
        Process vmm = null;
        try {
            vmm = Execution.background(line, socket.resolveSibling("console"));
            Process started = vmm;
            Node.await("QEMU to listen for the agent", PATIENCE, () -> Files.exists(socket) || !started.isAlive());
            try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
                channel.connect(UnixDomainSocketAddress.of(socket));
                return smaps(new AgentClient(TtrpcClient.over(channel, "agent")));
            }
        } catch (IOException | HakoException e) {
            throw new BenchmarkException("ask the agent: " + e.getMessage() + "; the guest's console: "
                    + ProcFiles.read(socket.resolveSibling("console")));
        } finally {
            if (vmm != null) {
                vmm.destroyForcibly().onExit().join();
            }
        }
    }

    private static String smaps(AgentClient agent) {
        agent.check(PATIENCE);
        agent.bindSandbox(
                BindSandboxRequest.newBuilder()
                        .setSandboxId("bench")
                        .setHostname("bench")
                        .setClockNs(System.currentTimeMillis() * 1_000_000)
                        .setEntropy(ByteString.copyFrom(new byte[64]))
                        .setMachineId("0".repeat(32))
                        .build(),
                PATIENCE);
        var created = agent.createContainer(container(), PATIENCE);
        if (created.hasFailure()) {
            throw new BenchmarkException(created.getFailure().getMessage());
        }
        agent.startContainer(
                StartContainerRequest.newBuilder().setContainerId(CONTAINER).build(), PATIENCE);
        StringBuilder output = new StringBuilder();
        long offset = 0;
        while (true) {
            ReadOutputResponse read = agent.startReadOutput(ReadOutputRequest.newBuilder()
                            .setContainerId(CONTAINER)
                            .setOffset(offset)
                            .setMaxBytes(65536)
                            .build())
                    .await(PATIENCE);
            output.append(read.getData().toStringUtf8());
            offset += read.getData().size();
            if (read.getEnd()) {
                return output.toString();
            }
        }
    }

    private static CreateContainerRequest container() {
        String capabilities = "[\"CAP_SYS_PTRACE\", \"CAP_SYS_ADMIN\", \"CAP_DAC_OVERRIDE\"]";
        String spec = """
                {"ociVersion": "1.0.2",
                 "process": {"user": {"uid": 0, "gid": 0}, "args": ["/bin/sh", "-c", "exec 2>&1; cat /proc/1/smaps_rollup /proc/1/status"],
                  "env": ["PATH=/bin"], "cwd": "/",
                  "capabilities": {"bounding": %1$s, "effective": %1$s, "permitted": %1$s}},
                 "root": {"path": "rootfs", "readonly": true},
                 "mounts": [{"destination": "/proc", "type": "proc", "source": "proc"},
                  {"destination": "/dev", "type": "tmpfs", "source": "tmpfs"}],
                 "linux": {"namespaces": [{"type": "mount"}]}}
                """.formatted(capabilities);
        return CreateContainerRequest.newBuilder()
                .setContainerId(CONTAINER)
                .setSpecJson(ByteString.copyFromUtf8(spec))
                .addStorages(Storage.newBuilder()
                        .setDiskSerial("root")
                        .setFstype("erofs")
                        .addOptions("ro")
                        .setTarget("/run/hako/storage/root"))
                .setRootfs(Rootfs.newBuilder().addLower("/run/hako/storage/root"))
                .build();
    }

    /** Of smaps_rollup, or, where the guest's kernel has none, of status, which knows the same less exactly. */
    private static long number(String text, String exact, String rough) {
        long bytes = ProcFiles.number(text, exact);
        bytes = bytes > 0 ? bytes : ProcFiles.number(text, rough);
        if (bytes == 0) {
            throw new BenchmarkException("the guest does not tell the agent's memory: " + text);
        }
        return bytes;
    }

    private static long size(Path file) {
        try {
            return Files.size(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
