package hako.sandbox;

import static hako.sandbox.FakeNode.eventually;
import static hako.sandbox.FakeNode.exit;
import static hako.sandbox.FakeNode.output;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import hako.agent.v1.Empty;
import hako.agent.v1.ExitStatus;
import hako.agent.v1.ReadOutputRequest;
import hako.agent.v1.StartFailure;
import hako.agent.v1.StartResponse;
import hako.base.HakoException;
import hako.base.HakoException.Code;
import hako.sandbox.ContainerState.Created;
import hako.sandbox.ContainerState.Paused;
import hako.sandbox.ContainerState.Running;
import hako.sandbox.ContainerState.Stopped;
import hako.ttrpc.StatusCode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A container from its start to its removal, in a guest that is what it should be or dies. */
@Timeout(20)
class ContainerLifeTest {
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
    void aContainerEndsWithTheCodeAndTheOutputOfItsInit() throws Exception {
        Container web = node.started("web");

        node.init(web).prints("out ").prints(1, "err").exits(3);

        assertThat(exit(web.init()).code()).isEqualTo(3);
        assertThat(output(web.init())).contains("out ").contains("err").hasSize(7);
        assertThat(web.state())
                .isInstanceOfSatisfying(
                        Stopped.class, s -> assertThat(s.exit().reason()).isEmpty());
    }

    @Test
    void itsVmEndsWithTheContainer() throws Exception {
        Container web = node.started("web");

        node.init(web).exits(0);

        node.vm(web).exited().get(5, TimeUnit.SECONDS);
        eventually(
                "the run directory goes",
                () -> Checkpoints.list(node.run().resolve("sandboxes")).isEmpty());
        assertThat(web.vmPid()).isZero();
    }

    @Test
    void itIsRunningUntilAllItWroteIsThere() throws Exception {
        Container web = node.started("web");
        Queue<String> statesSeen = new ConcurrentLinkedQueue<>();
        FakeProcess init = node.init(web);
        node.agent(web).on("ReadOutput", request -> {
            var answer = init.read((ReadOutputRequest) request);
            statesSeen.add(web.state().label());
            return answer;
        });

        init.prints("last words").exits(0);

        exit(web.init());
        assertThat(statesSeen).isNotEmpty().containsOnly("running");
        assertThat(output(web.init())).isEqualTo("last words");
    }

    @Test
    void theEndIsOnDiskBeforeAnybodyIsTold() throws Exception {
        Container web = node.started("web");
        CompletableFuture<String> onDisk =
                web.init().exited().thenApply(exit -> FakeNode.read(node.containerFile(web)));

        node.init(web).exits(7);

        assertThat(onDisk.get(5, TimeUnit.SECONDS)).contains("\"exited\"").contains("\"exitCode\":7");
    }

    @Test
    void anEndThatCannotBeWrittenDownIsToldAllTheSame() throws Exception {
        Container web = node.started("web");
        Files.createDirectory(node.containerFile(web).resolveSibling("container.json.new"));

        node.init(web).exits(5);

        assertThat(exit(web.init()).code()).isEqualTo(5);
        assertThat(web.state()).isInstanceOf(Stopped.class);
    }

    @Test
    void aStartThatCannotBeWrittenDownDoesNotHappen() throws Exception {
        Container web = node.created("web");
        Files.createDirectory(node.containerFile(web).resolveSibling("container.json.new"));

        assertThatThrownBy(web::start).hasMessageContaining("container.json");

        assertThat(web.state()).isEqualTo(new Created());
        assertThat(web.record().state().label()).isEqualTo("created");
        assertThat(node.agent(web).wasAsked("StartContainer")).isFalse();
    }

    @Test
    void removalLeavesNothing() throws Exception {
        Container web = node.started("web");
        node.init(web).prints("some output").exits(0);
        exit(web.init());

        web.remove(false);

        assertThat(node.files()).isEmpty();
        assertThat(node.sandboxes.containers()).isEmpty();
        assertThat(node.created("web").state()).as("the name is free").isEqualTo(new Created());
    }

    @Test
    void aContainerThatNeverRanIsRemovedWithItsVm() throws Exception {
        Container web = node.created("web");

        web.remove(false);

        assertThat(node.vm(web).isDead()).isTrue();
        assertThat(node.files()).isEmpty();
    }

    @Test
    void aRunningContainerIsNotRemovedUnlessForced() throws Exception {
        Container web = node.started("web");

        assertThatThrownBy(() -> web.remove(false)).hasMessageContaining("stop it first, or remove it with -f");

        assertThat(web.state()).isInstanceOf(Running.class);
        web.remove(true);
        assertThat(node.files()).isEmpty();
        assertThat(exit(web.init()).code()).isEqualTo(137);
    }

    @Test
    void anAutoRemovedContainerFreesItsNameAtOnceAndLeavesNoFile() throws Exception {
        Container web = node.startedAutoRemoved("web");

        node.init(web).exits(0);

        exit(web.init());
        assertThat(node.sandboxes.containers()).isEmpty();
        assertThat(node.created("web").state()).isEqualTo(new Created());
        node.sandboxes.container("web").remove(true);
        eventually("all files go", () -> node.files().isEmpty());
        eventually("nobody finds it", () -> !node.knows(web));
    }

    @Test
    void theOutputOfAnAutoRemovedContainerStaysUntilItsCallerHasIt() throws Exception {
        Container web = node.sandboxes.create(node.request(ContainerId.random(), "web", true));
        TestCaller caller = new TestCaller();
        Attachment attachment = web.init().attach(caller.call());
        web.start();
        node.init(web).prints("all of it").exits(0);
        exit(web.init());
        node.vm(web).exited().get(5, TimeUnit.SECONDS);

        attachment.copy();

        assertThat(caller.out()).isEqualTo("all of it");
        assertThat(Files.exists(node.containerFile(web))).isTrue();
        attachment.close();
        eventually("all files go", () -> node.files().isEmpty());
    }

    @Test
    void aCommandThatIsNotThereEndsTheContainerWith127() {
        assertThat(codeOfAFailedStart(StartFailure.Reason.COMMAND_NOT_FOUND, Code.COMMAND_NOT_FOUND))
                .isEqualTo(127);
    }

    @Test
    void aCommandThatCannotBeExecutedEndsTheContainerWith126() {
        assertThat(codeOfAFailedStart(StartFailure.Reason.COMMAND_NOT_EXECUTABLE, Code.COMMAND_NOT_EXECUTABLE))
                .isEqualTo(126);
    }

    private int codeOfAFailedStart(StartFailure.Reason reason, Code expected) {
        Container web = node.created("web");
        node.agent(web)
                .on(
                        "StartContainer",
                        request -> StartResponse.newBuilder()
                                .setFailure(StartFailure.newBuilder()
                                        .setReason(reason)
                                        .setMessage("execute \"sh\": it cannot be"))
                                .build());
        assertThatThrownBy(web::start)
                .hasMessage("execute \"sh\": it cannot be")
                .isInstanceOfSatisfying(
                        HakoException.class, e -> assertThat(e.code()).isEqualTo(expected));
        return ((Stopped) web.state()).exit().code();
    }

    @Test
    void aStartThatTheAgentRefusesIsToldInTheAgentsWords() {
        Container web = node.created("web");
        node.agent(web).refuses("StartContainer", StatusCode.INTERNAL, "write cgroup.procs: No space left");

        assertThatThrownBy(web::start).hasMessageContaining("write cgroup.procs: No space left");

        assertThat(((Stopped) web.state()).exit().code()).isEqualTo(137);
    }

    @Test
    void aVmThatDiesIsAFailureWithItsReason() throws Exception {
        Container web = node.started("web");
        node.init(web).prints("before");
        eventually("the output has come", () -> web.init().output().offset(0) == 6);

        node.vm(web).dies("the VMM was killed by signal 9");

        assertThat(exit(web.init()))
                .returns(137, ExitReport::code)
                .returns("the VMM was killed by signal 9", ExitReport::reason);
        assertThat(output(web.init())).isEqualTo("before");
    }

    @Test
    void aVmThatDiesDuringTheStartIsAFailureWithItsReason() {
        Container web = node.created("web");
        node.agent(web).on("StartContainer", request -> {
            node.vm(web).dies("the guest's kernel panicked");
            return Empty.getDefaultInstance();
        });

        assertThatThrownBy(web::start).hasMessageContaining("the guest's kernel panicked");

        assertThat(((Stopped) web.state()).exit())
                .extracting(ExitReport::code, InstanceOfAssertFactories.INTEGER)
                .isEqualTo(137);
    }

    @Test
    void anOutOfMemoryKillIsTold() throws Exception {
        Container web = node.started("web");

        node.init(web)
                .exits(ExitStatus.newBuilder().setCode(137).setOomKilled(true).build());

        assertThat(exit(web.init()).oomKilled()).isTrue();
    }

    // -- kill, stop, pause ---------------------------------------------------------------------------------------

    @Test
    void stopSendsTheStopSignal() throws Exception {
        Container web = node.started("web");

        ExitReport exit = web.stop(Duration.ofSeconds(5));

        assertThat(exit.code()).isEqualTo(143);
        assertThat(node.init(web).signals()).containsExactly(15);
    }

    @Test
    void stopKillsWhatIgnoresItsStopSignal() throws Exception {
        Container web = node.started("web");
        node.init(web).ignores(15);

        ExitReport exit = web.stop(Duration.ofMillis(20));

        assertThat(exit.code()).isEqualTo(137);
        assertThat(node.init(web).signals()).containsExactly(15, 9);
    }

    @Test
    void stopOfAPausedContainerResumesItFirst() throws Exception {
        Container web = node.started("web");
        web.pause();

        ExitReport exit = web.stop(Duration.ofSeconds(5));

        assertThat(exit.code()).isEqualTo(143);
        assertThat(node.agent(web).wasAsked("ResumeContainer")).isTrue();
    }

    @Test
    void stopOfWhatHasEndedTellsHow() throws Exception {
        Container web = node.started("web");
        node.init(web).exits(4);
        exit(web.init());

        assertThat(web.stop(Duration.ofSeconds(5)).code()).isEqualTo(4);
    }

    @Test
    void stopOfAContainerThatNeverRanEndsIt() throws Exception {
        Container web = node.created("web");

        assertThat(web.stop(Duration.ofSeconds(5)).code()).isEqualTo(137);
        assertThat(web.state()).isInstanceOf(Stopped.class);
    }

    @Test
    void stopWaitsForTheOutputOfAnInitThatHasJustEnded() throws Exception {
        Container web = node.started("web");
        FakeProcess init = node.init(web);
        CompletableFuture<Void> stopping = new CompletableFuture<>();
        node.agent(web).on("ReadOutput", request -> {
            stopping.get();
            return init.read((ReadOutputRequest) request);
        });
        node.agent(web).on("SignalProcess", request -> {
            try {
                init.signal(15);
                throw new AssertionError("it has ended");
            } finally {
                stopping.complete(null);
            }
        });
        init.prints("last words").exits(0);

        ExitReport exit = web.stop(Duration.ofSeconds(5));

        assertThat(exit.code()).isZero();
        assertThat(output(web.init())).isEqualTo("last words");
    }

    @Test
    void sigkillToAHungGuestEndsItsVm() throws Exception {
        Container web = node.started("web");
        node.agent(web).neverAnswers("SignalProcess");

        web.kill(9);

        assertThat(node.vm(web).isDead()).isTrue();
        assertThat(exit(web.init()).code()).isEqualTo(137);
    }

    @Test
    void stopOfAHungGuestEndsItsVm() throws Exception {
        Container web = node.started("web");
        node.agent(web).neverAnswers("SignalProcess");

        ExitReport exit = web.stop(Duration.ofSeconds(60));

        assertThat(exit.code()).isEqualTo(137);
        assertThat(node.vm(web).isDead()).isTrue();
    }

    @Test
    void anOrdinarySignalThatTheGuestRefusesIsAnError() {
        Container web = node.started("web");
        node.agent(web).refuses("SignalProcess", StatusCode.INVALID_ARGUMENT, "send signal 99: there is none");

        assertThatThrownBy(() -> web.kill(99)).hasMessageContaining("there is none");

        assertThat(web.state()).isInstanceOf(Running.class);
    }

    @Test
    void aPausedContainerResumesWhereItWas() {
        Container web = node.started("web");
        ContainerState running = web.state();
        web.pause();
        assertThat(web.state()).isInstanceOf(Paused.class);

        web.resume();

        assertThat(web.state()).isEqualTo(running);
    }

    @Test
    void aPauseThatTheGuestRefusesChangesNothing() {
        Container web = node.started("web");
        node.agent(web).refuses("PauseContainer", StatusCode.INTERNAL, "freeze: no");

        assertThatThrownBy(web::pause).hasMessageContaining("freeze: no");

        assertThat(web.state()).isInstanceOf(Running.class);
    }

    // -- races ---------------------------------------------------------------------------------------------------

    @Test
    void twoRemovalsAtOnceLeaveNothing() throws Exception {
        Container web = node.created("web");

        Queue<Throwable> failures = together(() -> web.remove(true), () -> web.remove(true));

        assertThat(failures).isEmpty();
        assertThat(node.files()).isEmpty();
    }

    @Test
    void whatASandboxHadIsGivenBackOnce() throws Exception {
        Container web = node.started("web");
        node.init(web).exits(0);
        exit(web.init());

        web.remove(false);

        assertThat(node.files()).isEmpty();
        assertThat(node.vm(web).kills()).isEqualTo(1);
    }

    @Test
    void whatCouldNotBeGivenBackIsWhenTheContainerIsRemoved() throws Exception {
        Container web = node.started("web");
        node.vm(web).survivesKills(1);
        node.init(web).exits(0);
        exit(web.init());
        eventually("it is tried", () -> node.vm(web).kills() == 1);

        web.remove(false);

        assertThat(node.vm(web).kills()).isEqualTo(2);
        assertThat(node.vm(web).isDead()).isTrue();
        assertThat(node.files()).isEmpty();
    }

    @Test
    void forcedRemovalAndTheNaturalEndMayMeet() throws Exception {
        for (int i = 0; i < 20; i++) {
            Container web = node.started("web" + i);
            FakeProcess init = node.init(web);

            Queue<Throwable> failures = together(() -> web.remove(true), () -> init.exits(0));

            assertThat(failures).isEmpty();
        }
        eventually("all files go", () -> node.files().isEmpty());
    }

    @Test
    void startAndKillMayMeet() throws Exception {
        for (int i = 0; i < 20; i++) {
            Container web = node.created("web" + i);

            together(web::start, () -> web.kill(9));

            assertThat(exit(web.init()).code()).isEqualTo(137);
            assertThat(web.state()).isInstanceOf(Stopped.class);
        }
    }

    @Test
    void onlyOneOfTwoStartsStarts() throws Exception {
        Container web = node.created("web");

        Queue<Throwable> failures = together(web::start, web::start);

        assertThat(failures)
                .singleElement()
                .satisfies(e -> assertThat(e).hasMessage("cannot start container \"web\": it is running"));
        assertThat(web.state()).isInstanceOf(Running.class);
    }

    private interface Action {
        void run() throws Exception;
    }

    /** What they threw. */
    private static Queue<Throwable> together(Action... actions) throws Exception {
        Queue<Throwable> failures = new ConcurrentLinkedQueue<>();
        CyclicBarrier line = new CyclicBarrier(actions.length);
        List<Thread> threads = java.util.stream.Stream.of(actions)
                .map(action -> Thread.ofVirtual().start(() -> {
                    try {
                        line.await();
                        action.run();
                    } catch (Exception e) {
                        failures.add(e);
                    }
                }))
                .toList();
        for (Thread thread : threads) {
            thread.join();
        }
        return failures;
    }
}
