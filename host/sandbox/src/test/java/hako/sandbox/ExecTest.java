package hako.sandbox;

import static hako.sandbox.FakeNode.eventually;
import static hako.sandbox.FakeNode.execRequest;
import static hako.sandbox.FakeNode.exit;
import static hako.sandbox.FakeNode.output;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import hako.agent.v1.ExecProcessRequest;
import hako.agent.v1.StartFailure;
import hako.agent.v1.StartResponse;
import hako.base.HakoException;
import hako.base.HakoException.Code;
import hako.spec.ProcessSpec;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** More processes in a running container. */
@Timeout(20)
class ExecTest {
    @TempDir
    Path directory;

    private FakeNode node;
    private Container web;

    @BeforeEach
    void run() {
        node = new FakeNode(directory);
        web = node.started("web");
    }

    @AfterEach
    void shutDown() throws Exception {
        node.end();
    }

    @Test
    void anExecEndsWithItsOwnCodeAndOutputAndTheContainerRunsOn() throws Exception {
        ContainerProcess exec = web.exec(execRequest());

        node.exec(web, exec).prints("files").exits(2);

        assertThat(exit(exec).code()).isEqualTo(2);
        assertThat(output(exec)).isEqualTo("files");
        assertThat(web.state()).isInstanceOf(ContainerState.Running.class);
        assertThat(output(web.init())).isEmpty();
    }

    @Test
    void anExecHasTheContainersEnvironmentWithItsOwnOnTop() throws Exception {
        CompletableFuture<ProcessSpec> asked = new CompletableFuture<>();
        node.agent(web).on("ExecProcess", request -> {
            asked.complete(ProcessSpec.fromJson(
                    ((ExecProcessRequest) request).getProcessJson().toByteArray()));
            return StartResponse.newBuilder()
                    .setFailure(StartFailure.newBuilder().setMessage("enough"))
                    .build();
        });

        assertThatThrownBy(() -> web.exec(execRequest())).hasMessage("enough");

        assertThat(asked.get().env()).containsExactly("A=1", "B=2");
        assertThat(asked.get().args()).containsExactly("ls");
    }

    @Test
    void anExecThatIsForgottenLeavesNothing() throws Exception {
        ContainerProcess exec = web.exec(execRequest());
        node.exec(web, exec).exits(0);
        exit(exec);

        web.forget(exec);

        assertThat(web.exec(exec.id())).isNull();
        assertThat(Checkpoints.list(node.containerFile(web).resolveSibling("execs")))
                .isEmpty();
        eventually("the agent forgets it", () -> !node.agent(web).knows(web.id(), exec.id()));
    }

    @Test
    void aCommandThatIsNotThereIsToldAndLeavesNothing() {
        node.agent(web)
                .on(
                        "ExecProcess",
                        request -> StartResponse.newBuilder()
                                .setFailure(StartFailure.newBuilder()
                                        .setReason(StartFailure.Reason.COMMAND_NOT_FOUND)
                                        .setMessage("execute \"ls\": not found"))
                                .build());

        assertThatThrownBy(() -> web.exec(execRequest()))
                .isInstanceOfSatisfying(
                        HakoException.class, e -> assertThat(e.code()).isEqualTo(Code.COMMAND_NOT_FOUND));

        assertThat(Checkpoints.list(node.containerFile(web).resolveSibling("execs")))
                .isEmpty();
        assertThat(web.state()).isInstanceOf(ContainerState.Running.class);
    }

    @Test
    void whenTheContainerEndsAnExecIsKilledAndItsOutputKept() throws Exception {
        ContainerProcess exec = web.exec(execRequest());
        node.exec(web, exec).prints("so far");

        node.agent(web).initExits(web.id(), 0);

        assertThat(exit(web.init()).code()).isZero();
        assertThat(exit(exec).code()).isEqualTo(137);
        assertThat(output(exec)).isEqualTo("so far");
    }

    @Test
    void whenTheVmDiesAnExecTellsItsReason() throws Exception {
        ContainerProcess exec = web.exec(execRequest());

        node.vm(web).dies("the VMM was killed by signal 9");

        assertThat(exit(exec))
                .returns(137, ExitReport::code)
                .returns("the VMM was killed by signal 9", ExitReport::reason);
    }

    @Test
    void theOutputOfAnExecInAnAutoRemovedContainerStaysUntilItsCallerHasIt() throws Exception {
        Container brief = node.startedAutoRemoved("brief");
        ContainerProcess exec = brief.exec(execRequest());
        TestCaller caller = new TestCaller();
        Attachment attachment = exec.attach(caller.call());
        node.exec(brief, exec).prints("so far");
        node.agent(brief).initExits(brief.id(), 0);
        exit(brief.init());
        exit(exec);

        attachment.copy();

        assertThat(caller.out()).isEqualTo("so far");
        attachment.close();
        eventually(
                "all files of the brief one go",
                () -> node.files().stream().noneMatch(file -> file.endsWith(brief.id())));
    }

    @Test
    void inputGoesToTheProcessAndEnds() throws Exception {
        ContainerProcess exec = web.exec(execRequest());
        FakeProcess process = node.exec(web, exec);

        TestCaller caller = new TestCaller();
        caller.type("typed");
        caller.endInput();
        try (Attachment attachment = exec.attach(caller.call())) {
            attachment.feed();
        }

        process.awaitInputEnd();
        assertThat(process.input()).isEqualTo("typed");
    }
}
