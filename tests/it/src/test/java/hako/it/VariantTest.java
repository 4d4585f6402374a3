package hako.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Every choice of the configuration runs a container with output, exit code, volume and network. */
@VmTest
class VariantTest {
    @RegisterExtension
    final OwnNodes nodes = new OwnNodes();

    @ParameterizedTest
    @ValueSource(
            strings = {
                "vm.machine = \"pc\"",
                "rootfs.kind = \"directory\"",
                "rootfs.writable = \"memory\"",
                "vm.vcpus = 2"
            })
    void runs(String configuration) {
        // Given
        HakoNode node = nodes.ready(configuration);
        Path volume = Temporary.folder("variant");
        Temporary.write(volume.resolve("x"), "from the host\n");

        // When
        Result run = node.run(
                "run",
                "--rm",
                "-v",
                volume + ":/v",
                HakoNode.IMAGE,
                "sh",
                "-c",
                "cat /v/x; echo written >/w; cat /w; ping -c 1 -W 5 " + node.gateway()
                        + " >/dev/null && echo reached; exit 3");

        // Then
        assertThat(run.exits(3).lines()).containsExactly("from the host", "written", "reached");
        node.awaitNoTraces();
        Temporary.delete(volume);
    }

    /** A machine that nothing can be plugged into says so. */
    @ParameterizedTest
    @ValueSource(strings = "vm.machine = \"microvm\"")
    void refusesOrRuns(String configuration) {
        HakoNode node = nodes.ready(configuration);

        Result run = node.run("run", "--rm", "--network", "none", HakoNode.IMAGE, "echo", "x");

        assertThat(run.exitCode()).isIn(0, 125);
        assertThat(run.out() + run.err()).isNotBlank().doesNotContain("Exception");
        node.awaitNoTraces();
    }
}
