package hako.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import hako.spec.ImageConfig;
import java.util.List;
import org.junit.jupiter.api.Test;

class ImageChangesTest {
    private static ImageConfig.Execution changed(String... instructions) {
        return new ImageChanges(List.of(instructions)).execution();
    }

    @Test
    void instructionsAreThoseOfADockerfile() {
        ImageConfig.Execution config = changed(
                "CMD [\"sh\", \"-c\", \"echo \\\"hi\\\"\"]",
                "env MODE=\"a b\"",
                "WORKDIR /srv",
                "USER app:app",
                "LABEL tier=front",
                "STOPSIGNAL QUIT");
        assertThat(config.cmd()).containsExactly("sh", "-c", "echo \"hi\"");
        assertThat(config.env()).contains("MODE=a b");
        assertThat(config.workingDir()).isEqualTo("/srv");
        assertThat(config.user()).isEqualTo("app:app");
        assertThat(config.labels()).containsEntry("tier", "front");
        assertThat(config.stopSignal()).isEqualTo("SIGQUIT");
    }

    @Test
    void withoutInstructionsThereIsAShell() {
        assertThat(changed().cmd()).containsExactly("/bin/sh");
        assertThat(changed("ENTRYPOINT [\"/init\"]").cmd()).isEmpty();
        assertThat(changed("CMD echo hi").cmd()).containsExactly("/bin/sh", "-c", "echo hi");
    }

    @Test
    void whatIsNoInstructionIsRefused() {
        assertThatThrownBy(() -> changed("RUN rm -rf /")).hasMessageContaining("none of CMD");
        assertThatThrownBy(() -> changed("CMD [\"sh\"")).hasMessageContaining("no end");
        assertThatThrownBy(() -> changed("ENV X")).hasMessageContaining("NAME=VALUE");
    }
}
