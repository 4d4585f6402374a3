package hako.oci;

import static org.assertj.core.api.Assertions.assertThat;

import hako.door.Options;
import hako.spec.ProcessSpec;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

/** How a process of {@code exec} differs from the container's own. */
class ExecOptionsTest {
    private final Options options = new Options();
    private final ExecOptions exec = new ExecOptions(options);

    @Test
    void theLastVariableOfANameCounts() {
        String init = "{\"args\": [\"init\"], \"cwd\": \"/\", \"env\": [\"PATH=/bin\", \"A=init\"]}";
        options.parse(List.of("--env", "A=one", "--env", "B=two", "--env", "A=three=3"), false);

        ProcessSpec process = exec.spec(ProcessSpec.fromJson(init.getBytes(StandardCharsets.UTF_8)), List.of("true"));

        assertThat(process.env()).containsExactly("PATH=/bin", "A=three=3", "B=two");
    }
}
