package hako.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
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

    /** A machine that nothing can be plugged into: it has what is there from the start, and no volumes. */
    @Test
    void microvmRunsContainersAndRefusesVolumes() {
        HakoNode node = nodes.ready("vm.machine = \"microvm\"");

        Result run = node.run("run", "--rm", HakoNode.IMAGE, "ping", "-c", "1", "-W", "5", node.gateway());
        Result volume = node.run("run", "--rm", "-v", "/tmp:/v", HakoNode.IMAGE, "true");

        assertThat(run.ok().out()).contains("1 packets received");
        assertThat(volume.exits(125).err()).contains("machine type microvm has no bus for it");
        node.awaitNoTraces();
    }
}
