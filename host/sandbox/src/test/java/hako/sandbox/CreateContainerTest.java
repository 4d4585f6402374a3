package hako.sandbox;

import static hako.sandbox.FakeNode.eventually;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import hako.agent.v1.CreateContainerResponse;
import hako.agent.v1.Empty;
import hako.agent.v1.StartFailure;
import hako.base.HakoException;
import hako.base.HakoException.Code;
import hako.sandbox.ContainerState.Created;
import hako.ttrpc.StatusCode;
import hako.vm.Device;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Making containers, naming them, and undoing what was made when a step fails. */
@Timeout(20)
class CreateContainerTest {
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

    @Test
    void aCreatedContainerHasAVmWithItsRootAndWaits() {
        Container web = node.created("web");

        assertThat(web.state()).isEqualTo(new Created());
        assertThat(node.vm(web).devices())
                .containsExactly(new Device.Disk("root", directory.resolve("root.erofs"), true));
        assertThat(FakeNode.read(node.containerFile(web))).contains("\"created\"");
        assertThat(node.agent(web).wasAsked("StartContainer")).isFalse();
    }

    @Test
    void aVmThatDoesNotStartIsUndone() {
        node.vms.refusesToLaunch();

        assertFailureIsUndone("start VM: refused", vm -> {});
    }

    @Test
    void aDeviceThatCannotBePluggedIsUndone() {
        assertFailureIsUndone("plug: refused", vm -> vm.refusesToPlug("root"));
    }

    @Test
    void aGuestThatDiesWhileItBootsIsUndoneAndItsReasonTold() {
        assertFailureIsUndone(
                "the guest's kernel panicked",
                vm -> vm.fakeAgent().on("Check", request -> {
                    vm.dies("the guest's kernel panicked");
                    return Empty.getDefaultInstance();
                }));
    }

    @Test
    void aContainerThatNobodyWantsAnyMoreIsUndoneWhileItsGuestSaysNothing() {
        assertFailureIsUndone(
                "start VM",
                vm -> vm.fakeAgent().on("Check", request -> {
                    node.sandboxes.abandon(vm.id());
                    return Empty.getDefaultInstance();
                }));
    }

    @Test
    void anAgentThatRefusesTheIdentityIsUndone() {
        assertFailureIsUndone(
                "bound already",
                vm -> vm.fakeAgent().refuses("BindSandbox", StatusCode.FAILED_PRECONDITION, "bound already"));
    }

    @Test
    void anAgentThatRefusesToBuildIsUndone() {
        assertFailureIsUndone(
                "mount root: no such disk",
                vm -> vm.fakeAgent()
                        .refuses("CreateContainer", StatusCode.DEADLINE_EXCEEDED, "mount root: no such disk"));
    }

    @Test
    void anImageThatCannotBeBuiltIsUndone() {
        assertFailureIsUndone(
                "no such user: nobody",
                vm -> vm.fakeAgent()
                        .on(
                                "CreateContainer",
                                request -> CreateContainerResponse.newBuilder()
                                        .setFailure(StartFailure.newBuilder()
                                                .setReason(StartFailure.Reason.USER)
                                                .setMessage("no such user: nobody"))
                                        .build()));
    }

    @Test
    void anAnswerThatIsNoMessageIsUndone() {
        assertFailureIsUndone("no valid message", vm -> vm.fakeAgent().answersGarbage("CreateContainer"));
    }

    @Test
    void bytesThatAreNoFrameAreUndone() {
        assertFailureIsUndone(
                "broke the protocol",
                vm -> vm.fakeAgent().neverAnswers("CreateContainer").on("Check", request -> {
                    vm.fakeAgent().writesGarbage();
                    return Empty.getDefaultInstance();
                }));
    }

    @Test
    void aRunDirectoryThatCannotBeMadeIsUndone() throws Exception {
        Files.writeString(node.run(), "in the way");

        assertFailureIsUndone("make ", vm -> {});
    }

    @Test
    void aCheckpointThatCannotBeWrittenIsUndone() throws Exception {
        Files.createDirectories(node.state());
        Files.writeString(node.state().resolve("sandboxes"), "in the way");

        assertFailureIsUndone("sandbox.json", vm -> {});
    }

    @Test
    void aCallerThatIsInterruptedWhileTheGuestBootsLeavesNothing() throws Exception {
        CompletableFuture<FakeVm> booting = new CompletableFuture<>();
        node.vms.prepare(vm -> {
            vm.fakeAgent().neverAnswers("Check");
            booting.complete(vm);
        });
        CompletableFuture<Throwable> failure = new CompletableFuture<>();
        Thread caller = Thread.ofVirtual().start(() -> {
            try {
                node.created("web");
                failure.complete(new AssertionError("it was created"));
            } catch (RuntimeException e) {
                failure.complete(e);
            }
        });
        FakeVm vm = booting.get(5, TimeUnit.SECONDS);
        eventually("the guest is asked", () -> vm.fakeAgent().wasAsked("CreateContainer"));

        caller.interrupt();

        assertThat(failure.get(5, TimeUnit.SECONDS)).hasMessageContaining("interrupted");
        assertThat(vm.isDead()).isTrue();
        assertThat(node.files()).isEmpty();
    }

    private void assertFailureIsUndone(String reason, Consumer<FakeVm> fault) {
        ContainerRequest request = node.request("web");
        node.vms.prepare(fault);

        assertThatThrownBy(() -> node.sandboxes.create(request))
                .isInstanceOf(HakoException.class)
                .hasMessageContaining(reason);

        if (node.vms.hasLaunched(request.id())) {
            assertThat(node.vms.vm(request.id()).isDead()).as("the VM is gone").isTrue();
        }
        assertThat(node.files()).isEmpty();
        assertThat(node.sandboxes.containers()).isEmpty();
        assertThatThrownBy(() -> node.sandboxes.create(request))
                .as("the name is free")
                .hasMessageContaining(reason);
    }

    // -- names ---------------------------------------------------------------------------------------------------

    @Test
    void aNameThatIsTakenIsRefusedAndStaysWithItsHolder() {
        Container web = node.created("web");

        assertThatThrownBy(() -> node.created("web"))
                .hasMessageContaining("\"web\" is taken by container " + ContainerId.shortened(web.id()))
                .isInstanceOfSatisfying(
                        HakoException.class, e -> assertThat(e.code()).isEqualTo(Code.ALREADY_EXISTS));

        assertThat(node.sandboxes.container("web")).isSameAs(web);
    }

    @Test
    void aNameOfAContainerThatIsStillBeingMadeIsTaken() throws Exception {
        CompletableFuture<FakeVm> booting = new CompletableFuture<>();
        node.vms.prepare(vm -> {
            vm.fakeAgent().neverAnswers("Check");
            booting.complete(vm);
        });
        Thread first = Thread.ofVirtual().start(() -> node.created("web"));
        booting.get(5, TimeUnit.SECONDS);

        assertThatThrownBy(() -> node.created("web")).hasMessageContaining("is taken");

        first.interrupt();
        first.join();
    }

    @Test
    void aNameThatIsNoneIsRefused() {
        assertThatThrownBy(() -> node.created("../etc")).hasMessageContaining("invalid container name");
    }

    @Test
    void aContainerIsFoundByNameIdAndTheBeginningOfItsId() {
        Container web = created("aa1", "web");
        created("aa2", "db");

        assertThat(node.sandboxes.container("web")).isSameAs(web);
        assertThat(node.sandboxes.container(web.id())).isSameAs(web);
        assertThat(node.sandboxes.container("aa1")).isSameAs(web);
    }

    @Test
    void aBeginningThatSeveralShareIsRefused() {
        created("aa1", "web");
        created("aa2", "db");

        assertThatThrownBy(() -> node.sandboxes.container("aa"))
                .hasMessage("2 containers have ids that begin with aa; write more of it");
    }

    @Test
    void aNameGoesBeforeTheBeginningOfAnId() {
        created("aa1", "web");
        Container db = created("bb2", "aa1");

        assertThat(node.sandboxes.container("aa1")).isSameAs(db);
    }

    @Test
    void nothingIsFoundByNothing() {
        created("aa1", "web");

        assertThatThrownBy(() -> node.sandboxes.container("")).hasMessageContaining("no such container");
    }

    @Test
    void theYoungestIsListedFirst() {
        Container first = node.created("first");
        Container second = node.created("second");

        assertThat(node.sandboxes.containers()).containsExactly(second, first);
    }

    private Container created(String idStart, String name) {
        String id = idStart + ContainerId.random().substring(idStart.length());
        return node.sandboxes.create(node.request(id, name, false));
    }
}
