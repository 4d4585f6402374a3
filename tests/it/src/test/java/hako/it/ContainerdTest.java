package hako.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The real containerd, whose shim for runc calls {@code hako-runtime}. */
@VmTest
class ContainerdTest {
    @RegisterExtension
    static final SharedNode shared = SharedNode.create();

    @Test
    void itsShimForRuncCallsIt() {
        String runtime = shared.node().runtimeProgram().toString();
        try (Containerd containerd = new Containerd()) {
            Result run = containerd.run(
                    "run",
                    "--rm",
                    "--runc-binary",
                    runtime,
                    Containerd.IMAGE,
                    "one",
                    "sh",
                    "-c",
                    "cat /etc/words; exit 3");
            assertThat(run.exitCode()).isEqualTo(3);
            assertThat(run.out()).isEqualTo("words\n");

            containerd
                    .run("run", "-d", "--runc-binary", runtime, Containerd.IMAGE, "two", "sleep", "1000")
                    .ok();
            assertThat(containerd
                            .run("task", "exec", "--exec-id", "e", "two", "cat", "/etc/words")
                            .ok()
                            .out())
                    .isEqualTo("words\n");
            containerd.run("task", "kill", "--signal", "KILL", "two").ok();
            Await.until(
                    "its end",
                    Duration.ofSeconds(20),
                    () -> containerd.run("task", "ls").out().contains("STOPPED"));
            containerd.run("task", "rm", "two");
            containerd.run("container", "rm", "two").ok();
        }
        shared.node().awaitNoTraces();
    }
}
