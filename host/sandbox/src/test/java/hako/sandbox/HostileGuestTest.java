package hako.sandbox;

import static hako.sandbox.FakeNode.eventually;
import static hako.sandbox.FakeNode.exit;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import hako.agent.v1.CreateContainerResponse;
import hako.agent.v1.Empty;
import hako.agent.v1.ReadOutputResponse;
import hako.agent.v1.StartFailure;
import hako.ttrpc.StatusCode;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The guest belongs to the attacker: it harms itself at most. */
@Timeout(30)
class HostileGuestTest {
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
    void aReadAnsweredWithNeitherBytesNorTheEndIsNotAskedForever() throws Exception {
        Container web = node.started("web");
        node.agent(web).on("ReadOutput", request -> ReadOutputResponse.getDefaultInstance());
        node.init(web).prints("wakes the read");

        node.init(web).exits(1);

        assertThat(exit(web.init()).code()).isEqualTo(1);
    }

    @Test
    void readsThatAreNeverAnsweredDoNotHideTheEnd() throws Exception {
        Container web = node.created("web");
        node.agent(web).neverAnswers("ReadOutput");
        web.start();

        node.init(web).exits(1);

        assertThat(web.init().exited().get(20, TimeUnit.SECONDS).code()).isEqualTo(1);
    }

    @Test
    void moreOutputThanWasAskedForIsRefusedAndTheEndIsTold() throws Exception {
        Container web = node.created("web");
        node.agent(web)
                .on(
                        "ReadOutput",
                        request -> ReadOutputResponse.newBuilder()
                                .setData(ByteString.copyFrom(new byte[1 << 20]))
                                .build());
        web.start();

        node.init(web).exits(3);

        assertThat(exit(web.init()).code()).isEqualTo(3);
        assertThat(web.init().output().end()).isZero();
    }

    @Test
    void outputBeyondTheConnectionsBoundEndsTheConnectionNotTheDaemon() throws Exception {
        Container web = node.created("web");
        node.agent(web)
                .on(
                        "ReadOutput",
                        request -> ReadOutputResponse.newBuilder()
                                .setData(ByteString.copyFrom(new byte[5 << 20]))
                                .build());
        web.start();

        node.init(web).exits(0);

        assertThat(exit(web.init())).isNotNull();
    }

    @ParameterizedTest
    @ValueSource(ints = {256, 512, 70_000, -1, Integer.MIN_VALUE})
    void anExitCodeThatIsNoneIsAFailure(int code) throws Exception {
        Container web = node.started("web");

        node.init(web).exits(code);

        assertThat(exit(web.init()))
                .returns(137, ExitReport::code)
                .returns("the guest reports an exit code that is none", ExitReport::reason);
    }

    @Test
    void aFailureMessageCannotSteerATerminalNorFillIt() {
        Container web = node.created("web");
        String steering = "\u001b]0;owned\u0007\u009b31m\u202etxt\r\n" + "x".repeat(1 << 20);
        node.agent(web)
                .on(
                        "StartContainer",
                        request -> hako.agent.v1.StartResponse.newBuilder()
                                .setFailure(StartFailure.newBuilder()
                                        .setReasonValue(77)
                                        .setMessage(steering))
                                .build());

        assertThatThrownBy(web::start)
                .satisfies(
                        e -> assertThat(e.getMessage()).hasSizeLessThan(600).doesNotContainPattern("[\\p{Cc}\\p{Cf}]"));

        assertThat(FakeNode.read(node.containerFile(web))).hasSizeLessThan(4000);
    }

    @Test
    void theMessageOfARefusalCannotSteerATerminalEither() {
        node.vms.prepare(vm ->
                vm.fakeAgent().refuses("BindSandbox", StatusCode.INTERNAL, "\u001b[2J" + "x".repeat(1 << 20)));

        assertThatThrownBy(() -> node.created("web"))
                .satisfies(e -> assertThat(e.getMessage()).hasSizeLessThan(5000).doesNotContain("\u001b"));
    }

    @Test
    void anAnswerToCreateWithAFailureOfAMegabyteIsCut() {
        node.vms.prepare(vm -> vm.fakeAgent()
                .on(
                        "CreateContainer",
                        request -> CreateContainerResponse.newBuilder()
                                .setFailure(StartFailure.newBuilder().setMessage("x".repeat(1 << 20)))
                                .build()));

        assertThatThrownBy(() -> node.created("web"))
                .satisfies(e -> assertThat(e.getMessage()).hasSizeLessThan(600));
    }

    @Test
    void bytesThatAreNoFrameEndTheContainerAsAFailure() throws Exception {
        Container web = node.started("web");

        node.agent(web).writesGarbage();

        assertThat(exit(web.init()).code()).isEqualTo(137);
        eventually("its VM goes", () -> node.vm(web).isDead());
    }

    @Test
    void aWaitThatIsRefusedIsAFailureInTheGuestsWords() throws Exception {
        Container web = node.created("web");
        node.agent(web)
                .refuses("WaitProcess", StatusCode.NOT_FOUND, "no such process")
                .neverAnswers("Nothing");

        web.start();

        node.init(web).exits(0);
        assertThat(exit(web.init())).returns(137, ExitReport::code).returns("no such process", ExitReport::reason);
    }

    @Test
    void aGuestThatTakesSigkillAndDoesNothingLosesItsVm() throws Exception {
        Container web = node.started("web");
        node.agent(web).on("SignalProcess", request -> Empty.getDefaultInstance());

        ExitReport exit = web.stop(Duration.ofMillis(1));

        assertThat(exit.code()).isEqualTo(137);
        assertThat(node.vm(web).isDead()).isTrue();
    }

    @Test
    void aCallerThatDoesNotReadCannotKeepAContainerAlive() throws Exception {
        Container web = node.sandboxes.create(node.request("web"));
        Attachment neverRead = web.init().attach(new TestCaller().call());
        web.start();
        node.init(web).ignores(15).prints("x".repeat(3 << 20));
        eventually("the writer is held back", () -> web.init().output().end() > 700_000);

        ExitReport exit = web.stop(Duration.ofMillis(1));

        assertThat(exit.code()).isEqualTo(137);
        assertThat(web.state()).isInstanceOf(ContainerState.Stopped.class);
        neverRead.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"DeleteContainer", "StartContainer"})
    void aGuestThatDoesNotAnswerKeepsNoDaemonFromItsStart(String method) throws Exception {
        Container web = node.started("web");
        for (int i = 0; i < 3; i++) {
            Container gone = node.sandboxes.create(node.joining(web, "gone" + i));
            gone.start();
            node.init(gone).exits(0);
            exit(gone.init());
        }
        long began = System.nanoTime();

        node.restart(state -> {
            node.agent(web).builds(web.id()); // and has not started, it says
            node.agent(web).neverAnswers(method);
        });

        assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(5));
        assertThat(node.sandboxes.container("web").state()).isInstanceOf(ContainerState.Running.class);
    }
}
