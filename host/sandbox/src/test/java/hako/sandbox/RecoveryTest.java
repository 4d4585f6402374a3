package hako.sandbox;

import static hako.sandbox.FakeNode.eventually;
import static hako.sandbox.FakeNode.exit;
import static hako.sandbox.FakeNode.output;
import static org.assertj.core.api.Assertions.assertThat;

import hako.agent.v1.Empty;
import hako.agent.v1.WriteInputRequest;
import hako.base.HakoException;
import hako.sandbox.ContainerState.Created;
import hako.sandbox.ContainerState.Paused;
import hako.sandbox.ContainerState.Running;
import hako.sandbox.ContainerState.Stopped;
import hako.vm.StrayProcesses;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The daemon is killed, and another one started. */
@Timeout(20)
class RecoveryTest {
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
    void aRunningContainerRunsOn() throws Exception {
        Container before = node.started("web");

        node.restart();

        Container web = node.sandboxes.container("web");
        assertThat(web).isNotSameAs(before);
        assertThat(web.state()).isEqualTo(before.state());
        node.init(web).prints("hello").exits(3);
        assertThat(exit(web.init()).code()).isEqualTo(3);
        assertThat(output(web.init())).isEqualTo("hello");
        eventually("its sandbox goes", () -> node.vm(web).isDead());
    }

    @Test
    void aContainerThatEndedMeanwhileEndsWithItsOwnCode() throws Exception {
        Container web = node.started("web");

        node.restart(state -> node.init(web).prints("meanwhile").exits(9));

        Container after = node.sandboxes.container("web");
        assertThat(exit(after.init()).code()).isEqualTo(9);
        assertThat(output(after.init())).isEqualTo("meanwhile");
    }

    @Test
    void aCreatedContainerCanBeStarted() throws Exception {
        node.created("web");

        node.restart();

        Container web = node.sandboxes.container("web");
        assertThat(web.state()).isEqualTo(new Created());
        web.start();
        node.init(web).exits(0);
        assertThat(exit(web.init()).code()).isZero();
    }

    @Test
    void aContainerThatWasBeingStartedIsStarted() throws Exception {
        Container web = node.created("web");
        CompletableFuture<Void> asked = new CompletableFuture<>();
        node.agent(web).on("StartContainer", request -> {
            asked.complete(null);
            return new CompletableFuture<Empty>().get();
        });
        Thread.ofVirtual().start(() -> quietly(web::start));
        asked.get(5, TimeUnit.SECONDS);

        node.restart(state -> node.agent(web).behaves("StartContainer"));
        eventually("it is started", () -> node.agent(web).knows(web.id(), ""));

        Container after = node.sandboxes.container("web");
        assertThat(after.state()).isInstanceOf(Running.class);
        node.init(web).prints("started").exits(3);
        assertThat(exit(after.init()).code()).isEqualTo(3);
        assertThat(output(after.init())).isEqualTo("started");
    }

    @Test
    void aContainerThatNobodyIsLeftToStartIsDropped() throws Exception {
        long nobody = new ProcessBuilder("true").start().onExit().get().pid();
        Container web = node.created("web");
        web.init().attach(new TestCaller().call(nobody));

        node.restart();

        assertThat(node.sandboxes.containers()).isEmpty();
        node.vm(web).exited().get(5, TimeUnit.SECONDS);
        eventually("all files go", () -> node.files().isEmpty());
    }

    @Test
    void aPausedContainerIsStillPaused() {
        node.started("web").pause();

        node.restart();

        Container web = node.sandboxes.container("web");
        assertThat(web.state()).isInstanceOf(Paused.class);
        web.resume();
        assertThat(web.state()).isInstanceOf(Running.class);
    }

    @Test
    void aStoppedContainerIsStillThereWithItsOutput() throws Exception {
        Container web = node.started("web");
        node.init(web).prints("done").exits(2);
        exit(web.init());
        node.vm(web).exited().get(5, TimeUnit.SECONDS);

        node.restart();

        Container after = node.sandboxes.container("web");
        assertThat(exit(after.init()).code()).isEqualTo(2);
        assertThat(output(after.init())).isEqualTo("done");
    }

    @Test
    void outputIsNeitherLostNorDoubled() throws Exception {
        Container web = node.sandboxes.create(node.request("web"));
        TestCaller caller = new TestCaller();
        Attachment first = web.init().attach(caller.call());
        web.start();
        Thread.ofVirtual().start(() -> quietly(first::copy));
        node.init(web).prints("one ");
        eventually("the caller has the first part", () -> caller.out().equals("one "));

        node.restart(state -> node.init(web).prints("two "));

        node.init(web).prints("three").exits(0);
        copyAgain(web, caller);
        assertThat(caller.out()).isEqualTo("one two three");
    }

    @Test
    void outputThatWasLoggedAndNotDeliveredIsDelivered() throws Exception {
        Container web = node.started("web");
        TestCaller caller = new TestCaller();
        Attachment first = web.init().attach(caller.call());
        node.init(web).prints("logged");
        eventually("it is in the log", () -> web.init().output().offset(0) == 6);

        node.restart();

        node.init(web).exits(0);
        copyAgain(web, caller);
        assertThat(caller.out()).isEqualTo("logged");
        first.close();
    }

    @Test
    void inputGoesOnWhereItWas() throws Exception {
        Container web = node.started("web");
        TestCaller caller = new TestCaller();
        Attachment first = web.init().attach(caller.call());
        Thread.ofVirtual().start(() -> quietly(first::feed));
        caller.type("one ");
        node.init(web).awaitInput(4);

        node.restart();

        feedAgain(web, caller);
        assertThat(node.init(web).input()).isEqualTo("one two");
    }

    @Test
    void inputThatWasTakenFromTheCallerAndHadNotArrivedArrives() throws Exception {
        Container web = node.started("web");
        CompletableFuture<Void> asked = new CompletableFuture<>();
        node.agent(web).on("WriteInput", request -> {
            if (!((WriteInputRequest) request).getData().isEmpty()) {
                asked.complete(null);
                new CompletableFuture<>().get();
            }
            return Empty.getDefaultInstance();
        });
        TestCaller caller = new TestCaller();
        Attachment first = web.init().attach(caller.call());
        Thread.ofVirtual().start(() -> quietly(first::feed));
        caller.type("one ");
        asked.get(5, TimeUnit.SECONDS);

        node.restart(state -> node.agent(web).behaves("WriteInput"));

        feedAgain(web, caller);
        assertThat(node.init(web).input()).isEqualTo("one two");
    }

    /** The caller's second daemon. */
    private void copyAgain(Container container, TestCaller caller) throws Exception {
        ContainerProcess init = node.sandboxes.container(container.id()).init();
        try (Attachment attachment = init.attach(caller.call())) {
            attachment.copy();
        }
    }

    private void feedAgain(Container container, TestCaller caller) throws Exception {
        ContainerProcess init = node.sandboxes.container(container.id()).init();
        try (Attachment attachment = init.attach(caller.call())) {
            caller.type("two");
            caller.endInput();
            attachment.feed();
        }
    }

    @Test
    void anExecRunsOnAndItsCallerFindsIt() throws Exception {
        Container web = node.started("web");
        ContainerProcess exec = web.exec(FakeNode.execRequest());
        exec.attach(new TestCaller().call());

        node.restart(state -> node.exec(web, exec).prints("result").exits(6));

        ContainerProcess after = node.sandboxes.container("web").exec(exec.id());
        assertThat(after).isNotNull();
        assertThat(TestCaller.output(after)).isEqualTo("result");
        assertThat(exit(after).code()).isEqualTo(6);
    }

    @Test
    void anExecThatOnlyTheGuestKnowsIsNotAdopted() {
        Container web = node.started("web");
        String invented = "0123456789abcdef";

        node.restart(state -> node.agent(web).invents(web.id(), invented));

        assertThat(node.sandboxes.container("web").exec(invented)).isNull();
        assertThat(Files.exists(node.containerFile(web).resolveSibling("execs")))
                .isFalse();
    }

    @Test
    void anAutoRemovedContainerWaitsForTheCallerOfTheLastDaemon() throws Exception {
        Container web = node.startedAutoRemoved("web");
        web.init().attach(new TestCaller().call());

        node.restart(state -> node.init(web).prints("the end").exits(4));

        Container after = node.sandboxes.container(web.id());
        exit(after.init());
        eventually("its name is free", () -> node.sandboxes.containers().isEmpty());
        assertThat(node.sandboxes.container(web.id())).as("found by its caller").isSameAs(after);
        assertThat(TestCaller.output(after.init())).isEqualTo("the end");
        eventually("all files go", () -> node.files().isEmpty());
    }

    @Test
    void anAutoRemovedContainerWhoseEndWasWrittenDownWaitsForItsCallerToo() throws Exception {
        Container web = node.sandboxes.create(node.request(ContainerId.random(), "web", true));
        Attachment unread = web.init().attach(new TestCaller().call());
        web.start();
        node.init(web).prints("the end").exits(4);
        exit(web.init());
        node.vm(web).exited().get(5, TimeUnit.SECONDS);

        node.restart();

        Container after = node.sandboxes.container(web.id());
        assertThat(TestCaller.output(after.init())).isEqualTo("the end");
        assertThat(exit(after.init()).code()).isEqualTo(4);
        eventually(
                "all files go",
                () -> Checkpoints.list(node.state().resolve("containers")).isEmpty());
        unread.close();
    }

    @Test
    void aNameGivenAwayByAnEndedContainerStaysWithItsNewHolder() throws Exception {
        Container old = node.sandboxes.create(node.request("f".repeat(64), "web", true));
        Attachment unread = old.init().attach(new TestCaller().call());
        old.start();
        node.init(old).exits(0);
        exit(old.init());
        Container young = node.sandboxes.create(node.request("0".repeat(64), "web", false));
        young.start();

        node.restart();

        assertThat(node.sandboxes.container("web").id()).isEqualTo(young.id());
        unread.close();
    }

    // -- what is not there any more ------------------------------------------------------------------------------

    @Test
    void aContainerWhoseVmIsGoneHasFailed() throws Exception {
        Container web = node.started("web");

        node.restart(state -> node.vm(web).dies("power cut"));

        assertLost(node.sandboxes.container("web"), "its VM ended while no daemon was running");
    }

    @Test
    void aContainerThatItsVmDoesNotKnowHasFailedAndTheVmGoes() throws Exception {
        Container web = node.started("web");

        node.restart(state -> node.agent(web).forgetsEverything());

        assertLost(node.sandboxes.container("web"), "its VM does not know it any more");
        assertThat(node.vm(web).isDead()).isTrue();
    }

    @Test
    void aGuestThatAnswersGarbageToTheNewDaemonHasFailed() throws Exception {
        Container web = node.started("web");

        node.restart(state -> node.agent(web).on("Check", request -> {
            node.agent(web).writesGarbage();
            return Empty.getDefaultInstance();
        }));

        assertLost(node.sandboxes.container("web"), "the agent in its VM does not answer");
        assertThat(node.vm(web).isDead()).isTrue();
    }

    @Test
    void aContainerThatWasBeingMadeIsDropped() throws Exception {
        CompletableFuture<FakeVm> booting = new CompletableFuture<>();
        node.vms.prepare(vm -> {
            vm.fakeAgent().neverAnswers("Check");
            booting.complete(vm);
        });
        Thread making = Thread.ofVirtual().start(() -> node.created("web"));
        FakeVm vm = booting.get(5, TimeUnit.SECONDS);
        eventually("the guest is asked", () -> vm.fakeAgent().wasAsked("CreateContainer"));

        node.restart();

        assertThat(node.sandboxes.containers()).isEmpty();
        assertThat(node.files()).isEmpty();
        node.vms.prepare(next -> {});
        assertThat(node.created("web").state()).isEqualTo(new Created());
        making.interrupt();
    }

    @Test
    void aRecordThatCannotBeReadIsDroppedAndTheOthersAreNot() throws Exception {
        for (String corrupt : new String[] {"", "{", "{}", "null", "[]", "\0\0\0\0"}) {
            FakeNode host = new FakeNode(Files.createTempDirectory(directory, "host"));
            host.started("web");
            Container broken = host.started("broken");

            host.restart(state -> Files.writeString(
                    state.resolve("containers").resolve(broken.id()).resolve("container.json"), corrupt));

            assertThat(host.sandboxes.containers())
                    .as(corrupt)
                    .singleElement()
                    .returns("web", Container::name)
                    .satisfies(web -> assertThat(web.state()).isInstanceOf(Running.class));
            host.end();
        }
    }

    @Test
    void aRecordOfAStateThatIsNoneDoesNotKeepTheDaemonFromTheOthers() throws Exception {
        node.started("web");
        Container broken = node.started("broken");

        node.restart(state -> {
            Path record = state.resolve("containers").resolve(broken.id()).resolve("container.json");
            Files.writeString(record, Files.readString(record).replace("\"running\"", "\"flying\""));
        });

        assertThat(node.sandboxes.containers()).singleElement().returns("web", Container::name);
    }

    @Test
    void aContainerWhoseSandboxRecordIsCorruptHasFailed() throws Exception {
        Container web = node.started("web");

        node.restart(state -> Files.writeString(
                state.resolve("sandboxes").resolve(web.id()).resolve("sandbox.json"), "{\"id\":null}"));

        assertLost(node.sandboxes.container("web"), "its VM ended");
    }

    @Test
    void runDirectoriesThatNobodyHoldsAreRemoved() throws IOException {
        Path left =
                node.run().resolve("sandboxes").resolve(ContainerId.random()).resolve("vm");
        Files.createDirectories(left);
        Files.writeString(left.resolve("console.log"), "boot");
        Container web = node.started("web");

        node.restart();

        assertThat(Checkpoints.list(node.run().resolve("sandboxes")))
                .containsExactly(node.run().resolve("sandboxes").resolve(web.id()));
    }

    private static Process stray(Path sandbox) throws IOException {
        ProcessBuilder builder = new ProcessBuilder("sleep", "60");
        builder.environment().clear();
        builder.environment()
                .put(StrayProcesses.VM_DIRECTORY, sandbox.resolve("vm").toString());
        return builder.start();
    }

    @Test
    void processesOfASandboxThatNobodyHoldsAreKilled() throws Exception {
        Process left = stray(node.run().resolve("sandboxes").resolve(ContainerId.random()));
        Process other = stray(Path.of("/run/of-another-daemon/sandboxes").resolve(ContainerId.random()));
        try {
            node.restart();

            assertThat(left.waitFor(5, TimeUnit.SECONDS)).isTrue();
            assertThat(other.isAlive()).isTrue();
        } finally {
            other.destroyForcibly();
        }
    }

    private static void assertLost(Container container, String reason) throws Exception {
        assertThat(container.state()).isInstanceOf(Stopped.class);
        assertThat(exit(container.init()).code()).isEqualTo(137);
        assertThat(exit(container.init()).reason()).contains(reason);
    }

    private interface Copying {
        void run() throws IOException, InterruptedException;
    }

    /** Until its caller calls another daemon. */
    private static void quietly(Copying copying) {
        try {
            copying.run();
        } catch (IOException | InterruptedException | HakoException e) {
            // as the thread of a daemon that was killed ends
        }
    }
}
