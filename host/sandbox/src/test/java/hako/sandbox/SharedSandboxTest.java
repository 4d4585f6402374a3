package hako.sandbox;

import static hako.sandbox.FakeNode.eventually;
import static hako.sandbox.FakeNode.exit;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import hako.agent.v1.CreateContainerResponse;
import hako.agent.v1.OnlineCpusRequest;
import hako.agent.v1.OnlineCpusResponse;
import hako.agent.v1.SharedNamespace;
import hako.agent.v1.StartFailure;
import hako.base.HakoException;
import hako.sandbox.ContainerState.Created;
import hako.sandbox.ContainerState.Running;
import hako.sandbox.ContainerState.Stopped;
import hako.spec.LinuxResources;
import hako.spec.LinuxSpec;
import hako.ttrpc.StatusCode;
import hako.vm.Device;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIf;
import org.junit.jupiter.api.io.TempDir;

/** Containers that live in one sandbox. */
@Timeout(20)
class SharedSandboxTest {
    private static final long MIB = 1 << 20;

    @TempDir
    Path directory;

    private FakeNode node;

    @BeforeEach
    void boot() {
        node = new FakeNode(directory);
    }

    @AfterEach
    void shutDown() throws Exception {
        node.end();
    }

    private Container joined(Container other, String name) {
        return node.sandboxes.create(node.joining(other, name));
    }

    private Container startedJoined(Container other, String name) {
        Container container = joined(other, name);
        container.start();
        return container;
    }

    private static LinuxSpec limited(@Nullable Long bytes) {
        return linux(
                bytes == null
                        ? null
                        : new LinuxResources(
                                List.of(),
                                LinuxResources.Memory.limited(bytes),
                                null,
                                null,
                                null,
                                List.of(),
                                Map.of()));
    }

    private static LinuxSpec cpus(double cpus) {
        LinuxResources.Cpu limit = LinuxResources.Cpu.limited((long) (cpus * 100_000), 100_000);
        return linux(new LinuxResources(List.of(), null, limit, null, null, List.of(), Map.of()));
    }

    private static LinuxSpec linux(@Nullable LinuxResources resources) {
        return new LinuxSpec(
                List.of(), List.of(), Map.of(), resources, null, List.of(), List.of(), null, null, List.of(), List.of(),
                null, null);
    }

    private List<String> devices(Container container) {
        return node.vm(container).devices().stream().map(Device::id).toList();
    }

    @Test
    void aContainerThatJoinsLivesInTheVmThatIsThere() {
        Container web = node.started("web");

        Container log = startedJoined(web, "log");

        assertThat(log.state()).isInstanceOf(Running.class);
        assertThat(log.record().sandboxId()).isEqualTo(web.id());
        assertThat(node.vms.hasLaunched(log.id())).isFalse();
        assertThat(log.vmPid()).isEqualTo(web.vmPid());
        assertThat(devices(web)).containsExactly("root", "root-" + ContainerId.shortened(log.id()));
        assertThat(node.agent(web).created(log.id()).getSharedNamespacesList())
                .containsExactly(SharedNamespace.newBuilder()
                        .setType("ipc")
                        .setContainerId(web.id())
                        .build());
    }

    @Test
    void theEndOfOneIsNotThatOfTheOther() throws Exception {
        Container web = node.started("web");
        Container log = startedJoined(web, "log");

        node.init(log).prints("bye").exits(3);

        assertThat(exit(log.init()).code()).isEqualTo(3);
        eventually("the guest forgets it", () -> !node.agent(web).has(log.id()));
        eventually("its disk goes", () -> devices(web).equals(List.of("root")));
        assertThat(web.state()).isInstanceOf(Running.class);
        node.init(web).exits(0);
        assertThat(exit(web.init()).code()).isZero();
        eventually("the VM goes with the last", () -> node.vm(web).isDead());
    }

    @Test
    void theOneThatItWasMadeForMayEndFirst() throws Exception {
        Container web = node.started("web");
        Container log = startedJoined(web, "log");

        node.init(web).exits(0);
        exit(web.init());
        web.remove(false);

        assertThat(node.agent(log).has(web.id())).isFalse();
        assertThat(log.state()).isInstanceOf(Running.class);
        assertThat(node.vm(log).isDead()).isFalse();
        Container third = joined(log, "third");
        node.init(log).exits(0);
        exit(log.init());
        assertThat(node.vm(log).isDead()).as("one is still to be started").isFalse();
        third.remove(false);
        log.remove(false);
        assertThat(node.vm(log).isDead()).isTrue();
        assertThat(node.files()).isEmpty();
    }

    @Test
    void aContainerThatIsKilledBeforeItsStartLeavesTheOthers() throws Exception {
        Container web = node.started("web");
        Container log = joined(web, "log");
        assertThat(log.state()).isEqualTo(new Created());

        log.remove(true);

        assertThat(node.agent(web).has(log.id())).isFalse();
        assertThat(devices(web)).containsExactly("root");
        assertThat(web.state()).isInstanceOf(Running.class);
    }

    @Test
    void whenTheVmDiesEachHasFailedWithTheReason() throws Exception {
        Container web = node.started("web");
        Container log = startedJoined(web, "log");

        node.vm(web).dies("power cut");

        for (Container container : List.of(web, log)) {
            assertThat(exit(container.init()).code()).isEqualTo(137);
            assertThat(exit(container.init()).reason()).contains("power cut");
        }
    }

    @Test
    void aDiskThatTheGuestKeepsIsAskedForAgain() throws Exception {
        Container web = node.started("web");
        Container log = startedJoined(web, "log");
        String disk = BlockRoot.joining(log.id()).image();
        node.vm(web).keeps(disk);
        log.remove(true);
        assertThat(devices(web)).contains(disk);

        node.vm(web).keeps("");

        eventually(
                "it goes",
                GuestReleases.PAUSE.multipliedBy(2),
                () -> devices(web).equals(List.of("root")));
        assertThat(web.state()).isInstanceOf(Running.class);
    }

    @Test
    void aContainerThatTheGuestDoesNotDeleteIsAskedForAgain() throws Exception {
        Container web = node.started("web");
        Container log = startedJoined(web, "log");
        node.agent(web).refuses("DeleteContainer", StatusCode.INTERNAL, "busy");
        log.remove(true);
        assertThat(node.agent(web).has(log.id())).isTrue();

        node.agent(web).behaves("DeleteContainer");

        eventually(
                "it goes",
                GuestReleases.PAUSE.multipliedBy(2),
                () -> !node.agent(web).has(log.id()));
    }

    @Test
    void whatHasEndedCannotBeJoined() throws Exception {
        Container web = node.started("web");
        node.init(web).exits(0);
        exit(web.init());

        assertThatThrownBy(() -> joined(web, "log"))
                .isInstanceOf(HakoException.class)
                .hasMessage("container \"log\" cannot join the sandbox of container \"web\", which has ended");
        web.remove(false);
        assertThatThrownBy(() -> joined(web, "log")).hasMessageContaining("no such container");
        assertThat(node.files()).isEmpty();
    }

    @Test
    void namespacesOfDifferentVmsAreNotShared() {
        Container web = node.started("web");
        Container other = node.started("other");
        SandboxRequest both = new SandboxRequest.Join(web.id(), Map.of("pid", web.id(), "ipc", other.id()));

        assertThatThrownBy(() -> node.sandboxes.create(node.request(ContainerId.random(), "log", false, null, both)))
                .hasMessageContaining("containers of different VMs");
        assertThat(node.sandboxes.containers()).containsExactlyInAnyOrder(web, other);
    }

    @Test
    void aContainerThatCannotBeBuiltLeavesTheOthersAsTheyWere() throws Exception {
        Container web = node.started("web");
        node.agent(web)
                .on(
                        "CreateContainer",
                        request -> CreateContainerResponse.newBuilder()
                                .setFailure(StartFailure.newBuilder().setMessage("no such user"))
                                .build());

        assertThatThrownBy(() -> joined(web, "log")).hasMessageContaining("no such user");

        assertThat(devices(web)).containsExactly("root");
        assertThat(node.sandboxes.containers()).containsExactly(web);
        node.agent(web).behaves("CreateContainer");
        assertThat(startedJoined(web, "log").state()).isInstanceOf(Running.class);
    }

    @Test
    void theMemoryOfEachIsAddedAndTakenBack() throws Exception {
        Container web = node.started("web");
        long made = node.vm(web).spec().memoryBytes();

        Container log = node.sandboxes.create(node.joining(web, "log", limited(256 * MIB)));
        log.start();

        long grown = Sizing.vmBytes((64 + 256) * MIB);
        assertThat(node.vm(web).resized()).containsExactly(grown);
        log.update(limited(512 * MIB).resources());
        assertThat(node.vm(web).resized()).containsExactly(grown, Sizing.vmBytes((64 + 512) * MIB));
        node.init(log).exits(0);
        exit(log.init());
        log.remove(false);
        assertThat(node.vm(web).resized().getLast()).isEqualTo(made);
    }

    @Test
    void aVmThatWasMadeForAllOfThemGrowsOnlyBeyondThat() {
        SandboxRequest sized = new SandboxRequest.New(limited(300 * MIB).resources());
        Container web = node.sandboxes.create(node.request(ContainerId.random(), "web", false, null, sized));
        assertThat(node.vm(web).spec().memoryBytes()).isEqualTo(Sizing.vmBytes(300 * MIB));

        node.sandboxes.create(node.joining(web, "log", limited(200 * MIB)));
        assertThat(node.vm(web).resized()).isEmpty();
        node.sandboxes.create(node.joining(web, "third", limited(200 * MIB)));
        assertThat(node.vm(web).resized()).containsExactly(Sizing.vmBytes(400 * MIB));
    }

    @Test
    void memoryThatTheVmDoesNotGetIsTold() {
        Container web = node.started("web");
        node.vm(web).growsTo(130 * MIB);

        assertThatThrownBy(() -> node.sandboxes.create(node.joining(web, "log", limited(1024 * MIB))))
                .hasMessageContaining("container \"log\" needs memory that the VM it joins does not get");
        assertThat(node.sandboxes.containers()).containsExactly(web);
    }

    @Test
    @EnabledIf("hasTwoProcessors")
    void processorsAreThoseOfAllTogether() {
        Container web = node.sandboxes.create(
                node.request(ContainerId.random(), "web", false, cpus(0.7), new SandboxRequest.New(null)));
        List<Integer> asked = online(web);

        Container log = node.sandboxes.create(node.joining(web, "log", cpus(0.3)));
        assertThat(asked).isEmpty();
        node.sandboxes.create(node.joining(web, "third", cpus(0.5)));
        assertThat(asked).containsExactly(2);

        log.start();
        log.update(cpus(0.2).resources());
        assertThat(asked).containsExactly(2);
    }

    @Test
    @EnabledIf("hasTwoProcessors")
    void aSandboxThatWasSizedKeepsItsProcessors() {
        SandboxRequest sized = new SandboxRequest.New(cpus(2).resources());
        Container web = node.sandboxes.create(node.request(ContainerId.random(), "web", false, null, sized));
        Container log = node.sandboxes.create(node.joining(web, "log", cpus(2)));
        log.start();
        List<Integer> asked = online(web);

        log.update(cpus(1).resources());

        assertThat(asked).isEmpty();
    }

    /** What its guest is asked to have online from now on. */
    private List<Integer> online(Container container) {
        List<Integer> asked = new CopyOnWriteArrayList<>();
        node.agent(container).on("OnlineCpus", request -> {
            int count = ((OnlineCpusRequest) request).getCount();
            asked.add(count);
            return OnlineCpusResponse.newBuilder().setOnline(count).build();
        });
        return asked;
    }

    /** A VM gets no more processors than the host has. */
    static boolean hasTwoProcessors() {
        return Runtime.getRuntime().availableProcessors() > 1;
    }

    // -- the daemon is killed, and another one started -----------------------------------------------------------

    @Test
    void allOfOneVmAreAdoptedInOneSandbox() throws Exception {
        Container web = node.started("web");
        Container log = startedJoined(web, "log");
        joined(web, "third");

        node.restart(state -> node.init(log).prints("meanwhile").exits(9));

        Container logAfter = node.sandboxes.container("log");
        Container webAfter = node.sandboxes.container("web");
        assertThat(exit(logAfter.init()).code()).isEqualTo(9);
        assertThat(FakeNode.output(logAfter.init())).isEqualTo("meanwhile");
        eventually("the guest forgets it", () -> !node.agent(web).has(log.id()));
        assertThat(webAfter.state()).isInstanceOf(Running.class);
        assertThat(webAfter.sandboxOrNull())
                .isSameAs(node.sandboxes.container("third").sandboxOrNull());
        startedJoined(webAfter, "fourth").remove(true);
        node.sandboxes.container("third").start();
        node.init(web).exits(0);
        exit(webAfter.init());
        assertThat(node.vm(web).isDead()).isFalse();
        node.sandboxes.container("third").remove(true);
        assertThat(node.vm(web).isDead()).isTrue();
    }

    @Test
    void oneThatItsVmDoesNotKnowHasFailedAndTheOthersGoOn() throws Exception {
        Container web = node.started("web");
        Container log = startedJoined(web, "log");

        node.restart(state -> node.agent(web).forgets(log.id()));

        assertThat(exit(node.sandboxes.container("log").init()).reason()).isEqualTo("its VM does not know it any more");
        assertThat(node.sandboxes.container("web").state()).isInstanceOf(Running.class);
        assertThat(node.vm(web).isDead()).isFalse();
    }

    @Test
    void oneThatWasBeingMadeIsDroppedInTheGuestToo() throws Exception {
        Container web = node.started("web");
        CompletableFuture<String> asked = new CompletableFuture<>();
        node.agent(web).on("CreateContainer", request -> {
            String id = ((hako.agent.v1.CreateContainerRequest) request).getContainerId();
            node.agent(web).builds(id);
            asked.complete(id);
            return new CompletableFuture<CreateContainerResponse>().get();
        });
        Thread making = Thread.ofVirtual().start(() -> {
            try {
                joined(web, "log");
            } catch (HakoException e) {
                // its daemon is dead
            }
        });
        String id = asked.get(5, TimeUnit.SECONDS);

        node.restart();

        assertThat(node.sandboxes.containers()).extracting(Container::name).containsExactly("web");
        eventually("the guest forgets it", () -> !node.agent(web).has(id));
        eventually("its disk goes", () -> devices(web).equals(List.of("root")));
        making.interrupt();
    }

    @Test
    void aDiskOfTheHostThatOneHadWhoHasLeftIsTakenAwayByTheNextDaemon() throws Exception {
        assumeThat(Path.of("/sys/dev/block/7:0")).as("one that the host has").exists();
        Container web = node.started("web");
        LinuxSpec device =
                linux(null).withDevices(List.of(new LinuxSpec.Device("/dev/xvdc", "b", 7L, 0L, null, null, null)));
        Container log = node.sandboxes.create(node.joining(web, "log", device));
        log.start();
        assertThat(devices(web)).contains("disk-7-0-r");
        node.vm(web).keeps("disk-7-0-r");
        node.init(log).exits(0);
        exit(log.init());

        node.restart(state -> node.vm(web).keeps(""));

        Duration beforeTheLastDaemonAsksAgain = GuestReleases.PAUSE.dividedBy(2);
        eventually("it goes", beforeTheLastDaemonAsksAgain, () -> devices(web).equals(List.of("root")));
    }

    @Test
    void theVmGoesWithTheDaemonsLastContainerThatWasLost() {
        Container web = node.started("web");
        startedJoined(web, "log");

        node.restart(state -> node.agent(web).forgetsEverything());

        assertThat(node.sandboxes.containers())
                .hasSize(2)
                .allSatisfy(container -> assertThat(container.state()).isInstanceOf(Stopped.class));
        assertThat(node.vm(web).isDead()).isTrue();
    }
}
