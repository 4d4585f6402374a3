package hako.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ArgumentsTest {
    private static Arguments parse(String... line) {
        return Arguments.parse(List.of(line));
    }

    @Test
    void nothingGivenIsEverythingInAllRounds() {
        Arguments arguments = parse();

        assertThat(arguments.quick()).isFalse();
        assertThat(arguments.output()).isEqualTo(Path.of("hako-bench"));
        assertThat(arguments.choose(List.of(new NoOp(), new Disk())))
                .extracting(Benchmark::name)
                .containsExactly("hako version, hako ps, hako-runtime --version", "disk: reading and writing");
    }

    @Test
    void runtimesKeepTheirOrderAndPathsTheirEqualsSigns() {
        Arguments arguments = parse(
                "--runtime",
                "kata=/opt/a=b/kata-runtime",
                "--runtime",
                "runsc=runsc",
                "--containerd-runtime",
                "io.containerd.kata.v2");

        assertThat(arguments.runtimes())
                .containsExactly(
                        new Arguments.NamedRuntime("kata", "/opt/a=b/kata-runtime"),
                        new Arguments.NamedRuntime("runsc", "runsc"));
        assertThat(arguments.containerdRuntimes()).containsExactly("io.containerd.kata.v2");
    }

    @ParameterizedTest
    @CsvSource({
        "--runtime, needs a value",
        "--runtime kata, should be NAME=PATH",
        "--runtime =/bin/x, should be NAME=PATH",
        "--runtime kata=, should be NAME=PATH",
        "--runtime ../x=/bin/x, should be NAME=PATH",
        "--containerd-runtime kata, should be a type",
        "--containerd-runtime io.containerd./x, should be a type",
        "--output, needs a value",
        "--fast, no such option: --fast"
    })
    void whatIsWrongIsNamed(String line, String message) {
        assertThatThrownBy(() -> parse(line.split(" ")))
                .isInstanceOf(BenchmarkException.class)
                .hasMessageContaining(message);
    }

    @Test
    void aWordThatNamesNothingIsRefusedWithTheNames() {
        Arguments arguments = parse("disk", "dsik");

        assertThatThrownBy(() -> arguments.choose(List.of(new NoOp(), new Disk())))
                .hasMessageContaining("\"dsik\"")
                .hasMessageContaining("disk: reading and writing");
    }

    @Test
    void theContractIsQuickAndLeavesOutWhatIsNotPromised() {
        Arguments arguments = parse("--contract");

        assertThat(arguments.quick()).isTrue();
        assertThat(arguments.choose(List.of(new Disk(), new NoOp(), new Network())))
                .extracting(Benchmark::name)
                .containsExactly("hako version, hako ps, hako-runtime --version");
    }
}
