package hako.sandbox;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import hako.agent.v1.Empty;
import hako.agent.v1.OnlineCpusRequest;
import hako.agent.v1.OnlineCpusResponse;
import hako.agent.v1.UpdateContainerRequest;
import hako.linux.HostFiles;
import hako.spec.LinuxResources;
import hako.spec.LinuxResources.Cpu;
import hako.spec.LinuxResources.Memory;
import hako.spec.LinuxSpec;
import hako.spec.RuntimeSpec;
import hako.ttrpc.StatusCode;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.api.io.TempDir;

/** A container's limits change while it runs, and its VM with them. */
@Timeout(20)
class UpdateLimitsTest {
    private static final long MIB = 1L << 20;

    @TempDir
    Path directory;

    private FakeNode node;
    private Container web;
    private final List<Integer> resizedBeforeTheAgentKnew = new ArrayList<>();

    @BeforeEach
    void start() {
        node = new FakeNode(directory);
        ContainerRequest request = node.request("web");
        RuntimeSpec spec = new RuntimeSpec(
                null, null, request.spec().process(), null, null, List.of(), null, Map.of(), limited(128 * MIB));
        web = node.sandboxes.create(new ContainerRequest(
                request.id(),
                "web",
                request.image(),
                request.imageId(),
                request.root(),
                spec,
                "",
                false,
                false,
                request.network(),
                15,
                Map.of(),
                SandboxRequest.OWN,
                HostFiles.OURS));
        node.agent(web).on("UpdateContainer", asked -> {
            resizedBeforeTheAgentKnew.add(node.vm(web).resized().size());
            return Empty.getDefaultInstance();
        });
        web.start();
    }

    @AfterEach
    void shutDown() throws Exception {
        node.end();
    }

    private static LinuxSpec limited(long bytes) {
        return new LinuxSpec(
                List.of(),
                List.of(),
                Map.of(),
                memory(bytes),
                null,
                List.of(),
                List.of(),
                null,
                null,
                List.of(),
                List.of(),
                null,
                null);
    }

    private static LinuxResources memory(long bytes) {
        return new LinuxResources(List.of(), Memory.limited(bytes), null, null, null, List.of(), Map.of());
    }

    private long limit() {
        return web.record().spec().linux().resources().memory().limit();
    }

    @Test
    void theVmGrowsBeforeItsContainerMayUseMoreAndShrinksAfterItMayNot() {
        web.update(memory(256 * MIB));
        web.update(memory(64 * MIB));

        assertThat(node.vm(web).resized()).hasSize(2).isSortedAccordingTo((a, b) -> Long.compare(b, a));
        assertThat(resizedBeforeTheAgentKnew).containsExactly(1, 1);
        assertThat(limit()).isEqualTo(64 * MIB);
    }

    @Test
    void whatTheNextDaemonReadsIsTheNewLimit() {
        web.update(memory(256 * MIB));

        node.restart();

        web = node.sandboxes.container("web");
        assertThat(limit()).isEqualTo(256 * MIB);
    }

    @Test
    void aGuestThatDoesNotTakeItLeavesTheLimitsAsTheyWere() {
        node.vm(web).growsTo(200 * MIB);

        assertThatThrownBy(() -> web.update(memory(512 * MIB)))
                .hasMessageContaining("its guest has taken 200 of")
                .hasMessageContaining("its limits are as they were");
        assertThat(resizedBeforeTheAgentKnew).isEmpty();
        assertThat(limit()).isEqualTo(128 * MIB);
        assertThat(node.vm(web).resized())
                .as("what it would take later is not offered any more")
                .last()
                .isEqualTo(Sizing.of(0, 0, 128 * MIB, 1, 64 * MIB, 1).memoryBytes());
    }

    @Test
    void aPeriodAloneLeavesTheQuotaThatStandsBesideIt() throws Exception {
        List<LinuxResources> told = new ArrayList<>();
        node.agent(web).on("UpdateContainer", asked -> {
            told.add(LinuxResources.fromJson(
                    ((UpdateContainerRequest) asked).getResourcesJson().toByteArray()));
            return Empty.getDefaultInstance();
        });
        web.update(cpu(Cpu.limited(50_000, 100_000)));

        web.update(cpu(new Cpu(null, null, null, 200_000L, null, null, null, null, null)));

        assertThat(told.getLast().cpu()).isEqualTo(Cpu.limited(50_000, 200_000));
    }

    private static LinuxResources cpu(Cpu cpu) {
        return new LinuxResources(List.of(), null, cpu, null, null, List.of(), Map.of());
    }

    /** What the agent was asked to have online, and the quota it was told, in order. */
    private List<String> processorsAndQuotas(int most) {
        List<String> asked = Collections.synchronizedList(new ArrayList<>());
        node.agent(web)
                .on("OnlineCpus", request -> {
                    int wanted = ((OnlineCpusRequest) request).getCount();
                    asked.add(wanted + " online");
                    return OnlineCpusResponse.newBuilder()
                            .setOnline(Math.min(wanted, most))
                            .build();
                })
                .on("UpdateContainer", request -> {
                    asked.add(LinuxResources.fromJson(((UpdateContainerRequest) request)
                                            .getResourcesJson()
                                            .toByteArray())
                                    .cpu()
                                    .quota()
                            + " us");
                    return Empty.getDefaultInstance();
                });
        return asked;
    }

    @Test
    @EnabledIf("hasTwoProcessors")
    void processorsComeBeforeTheContainerMayUseThemAndGoAfterItMayNot() {
        List<String> asked = processorsAndQuotas(8);

        web.update(cpu(Cpu.limited(200_000, 100_000)));
        web.update(cpu(Cpu.limited(100_000, 100_000)));

        assertThat(asked).containsExactly("2 online", "200000 us", "100000 us", "1 online");
    }

    @Test
    @EnabledIf("hasTwoProcessors")
    void aVmThatHasNoMoreProcessorsLeavesTheLimitsAsTheyWere() {
        List<String> asked = processorsAndQuotas(1);

        assertThatThrownBy(() -> web.update(cpu(Cpu.limited(200_000, 100_000))))
                .hasMessageContaining("2 processors: its VM has 1; its limits are as they were");
        assertThat(asked).containsExactly("2 online", "1 online");
        assertThat(web.record().spec().linux().resources().cpu()).isNull();
    }

    @Test
    @EnabledIf("hasTwoProcessors")
    void aGuestThatRefusesTheLimitKeepsNoProcessorForIt() {
        List<String> asked = processorsAndQuotas(8);
        node.agent(web).refuses("UpdateContainer", StatusCode.INTERNAL, "no");

        assertThatThrownBy(() -> web.update(cpu(Cpu.limited(200_000, 100_000)))).hasMessageContaining("no");

        assertThat(asked).containsExactly("2 online", "1 online");
    }

    /** A VM gets no more processors than the host has. */
    static boolean hasTwoProcessors() {
        return Runtime.getRuntime().availableProcessors() > 1;
    }

    @Test
    void limitsThatAreNotGivenStay() {
        web.update(cpu(Cpu.limited(50_000, 100_000)));

        assertThat(limit()).isEqualTo(128 * MIB);
        assertThat(web.record().spec().linux().resources().cpu().quota()).isEqualTo(50_000);
        assertThat(node.vm(web).resized()).isEmpty();
    }
}
