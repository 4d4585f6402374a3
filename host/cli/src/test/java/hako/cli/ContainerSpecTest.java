package hako.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import hako.door.Options;
import hako.fakes.FakeCaller;
import hako.spec.Defaults;
import hako.spec.ImageConfig;
import hako.spec.MountSpec;
import hako.spec.ProcessSpec.ConsoleSize;
import hako.spec.RuntimeSpec;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ContainerSpecTest {
    private static final ImageConfig.Execution IMAGE = new ImageConfig.Execution(
            "app",
            Map.of(),
            List.of("PATH=/opt/bin", "MODE=image", "not a variable"),
            List.of("/entry", "--flag"),
            List.of("serve", "now"),
            Map.of(),
            "/srv/./app",
            Map.of(),
            null);
    private static final ImageConfig.Execution EMPTY = ImageConfig.Execution.command(List.of());

    private final FakeCaller caller = new FakeCaller();
    private List<MountSpec> volumes = List.of();
    private boolean terminal;

    /** @param words options of run, {@code IMAGE}, arguments */
    private RuntimeSpec spec(ImageConfig.Execution image, String... words) {
        Options options = new Options();
        ContainerOptions container = new ContainerOptions(options);
        List<String> rest = options.parse(List.of(words), false);
        return new ContainerSpec(
                        container,
                        image,
                        rest.subList(Math.min(1, rest.size()), rest.size()),
                        container.environment.variables(caller),
                        terminal,
                        Terminals.size(caller),
                        "web",
                        volumes)
                .build();
    }

    private List<String> command(String... words) {
        return spec(IMAGE, words).process().args();
    }

    @Test
    void aTerminalBeginsAsLargeAsTheCallers() {
        caller.rows = 24;
        caller.columns = 80;
        assertThat(spec(IMAGE, "IMAGE").process().consoleSize()).isNull();

        terminal = true;
        assertThat(spec(IMAGE, "IMAGE").process().consoleSize()).isEqualTo(new ConsoleSize(24, 80));
    }

    @Test
    void withoutArgumentsTheImagesOwnAreUsed() {
        assertThat(command("IMAGE")).containsExactly("/entry", "--flag", "serve", "now");
    }

    @Test
    void argumentsReplaceTheImagesButNotItsEntrypoint() {
        assertThat(command("IMAGE", "test")).containsExactly("/entry", "--flag", "test");
    }

    @Test
    void anotherEntrypointComesWithoutTheImagesArguments() {
        assertThat(command("--entrypoint", "sh", "IMAGE")).containsExactly("sh");
        assertThat(command("--entrypoint", "sh", "IMAGE", "-c", "id")).containsExactly("sh", "-c", "id");
    }

    @Test
    void anEmptyEntrypointMeansNone() {
        assertThat(command("--entrypoint=", "IMAGE", "id")).containsExactly("id");
        assertThatThrownBy(() -> command("--entrypoint=", "IMAGE")).hasMessageStartingWith("no command specified");
    }

    @Test
    void anImageWithoutACommandNeedsOne() {
        assertThatThrownBy(() -> spec(EMPTY, "IMAGE")).hasMessageStartingWith("no command specified");
    }

    @Test
    void variablesOfTheCallReplaceThoseOfTheImage() {
        caller.environment.put("LANG", "C");
        List<String> env = spec(IMAGE, "-e", "MODE=call", "-e", "LANG", "-e", "ABSENT", "-eEMPTY=", "IMAGE")
                .process()
                .env();
        assertThat(env).containsExactly("PATH=/opt/bin", "HOSTNAME=web", "MODE=call", "LANG=C", "EMPTY=");
    }

    @Test
    void aVariableTheCallerDoesNotHaveIsTakenAway() {
        assertThat(spec(IMAGE, "-e", "MODE", "IMAGE").process().env()).noneMatch(text -> text.startsWith("MODE"));
    }

    @Test
    void thereIsAlwaysAPath() {
        ImageConfig.Execution bare =
                new ImageConfig.Execution(null, null, List.of(), List.of(), List.of("sh"), null, null, null, null);
        assertThat(spec(bare, "IMAGE").process().env()).contains(Defaults.PATH);
    }

    @Test
    void theWorkingDirectoryIsTheCallsOrTheImagesOrTheRoot() {
        assertThat(spec(IMAGE, "IMAGE").process().cwd()).isEqualTo("/srv/app");
        assertThat(spec(IMAGE, "-w", "/tmp/../run", "IMAGE").process().cwd()).isEqualTo("/run");
        assertThat(spec(EMPTY, "IMAGE", "sh").process().cwd()).isEqualTo("/");
        assertThatThrownBy(() -> spec(IMAGE, "-w", "tmp", "IMAGE"))
                .hasMessage("the working directory 'tmp' is invalid, it needs to be an absolute path");
    }

    @Test
    void limitsBecomeThoseOfTheCgroup() {
        var resources = spec(IMAGE, "-m", "512m", "--cpus", "0.5", "--pids-limit", "100", "IMAGE")
                .linux()
                .resources();
        assertThat(resources.memory().limit()).isEqualTo(512L << 20);
        assertThat(resources.cpu().quota()).isEqualTo(50_000);
        assertThat(resources.cpu().period()).isEqualTo(100_000);
        assertThat(resources.pids().limit()).isEqualTo(100);
    }

    @Test
    void withoutLimitsThereAreNone() {
        var resources = spec(IMAGE, "IMAGE").linux().resources();
        assertThat(resources.memory()).isNull();
        assertThat(resources.cpu()).isNull();
        assertThat(resources.pids()).isNull();
    }

    @Test
    void limitsThatCannotBeAreRefused() {
        assertThatThrownBy(() -> spec(IMAGE, "-m", "5m", "IMAGE")).hasMessageContaining("6m");
        assertThatThrownBy(() -> spec(IMAGE, "--cpus", "1000000", "IMAGE")).hasMessageContaining("CPUs");
        assertThatThrownBy(() -> spec(IMAGE, "--cpus", "0", "IMAGE")).hasMessageContaining("from 0.01");
        assertThatThrownBy(() -> spec(IMAGE, "--ulimit", "nofile=9:8", "IMAGE")).hasMessageContaining("soft");
        assertThatThrownBy(() -> spec(IMAGE, "--ulimit", "files=9", "IMAGE")).hasMessageContaining("nofile");
    }

    @Test
    void ulimitsHaveASoftAndAHardSide() {
        var limits = spec(IMAGE, "--ulimit", "nofile=1024:4096", "--ulimit", "core=-1", "IMAGE")
                .process()
                .rlimits();
        assertThat(limits).hasSize(2);
        assertThat(limits.getFirst().type()).isEqualTo("RLIMIT_NOFILE");
        assertThat(limits.getFirst().soft()).isEqualTo(1024);
        assertThat(limits.getFirst().hard()).isEqualTo(4096);
        assertThat(limits.getLast().hard()).isEqualTo("18446744073709551615");
    }

    @Test
    void capabilitiesAreDockersLessAndMore() {
        var process = spec(IMAGE, "--cap-add", "net_admin", "--cap-drop", "CAP_CHOWN", "IMAGE")
                .process();
        assertThat(process.capabilities().effective())
                .contains("CAP_NET_ADMIN", "CAP_KILL")
                .doesNotContain("CAP_CHOWN", "CAP_SYS_ADMIN");
        assertThat(Capabilities.of(List.of("kill"), List.of("ALL"))).containsExactly("CAP_KILL");
        assertThat(Capabilities.of(List.of("all"), List.of("KILL"))).hasSize(40).doesNotContain("CAP_KILL");
        assertThatThrownBy(() -> spec(IMAGE, "--cap-add", "fly", "IMAGE")).hasMessage("unknown capability \"fly\"");
    }

    @Test
    void privilegedTakesEveryFenceInsideTheVmAway() {
        RuntimeSpec spec = spec(IMAGE, "--privileged", "IMAGE");
        assertThat(spec.process().capabilities().effective()).isEqualTo(Capabilities.ALL);
        assertThat(spec.linux().seccomp()).isNull();
        assertThat(spec.linux().maskedPaths()).isEmpty();
        assertThat(spec.linux().readonlyPaths()).isEmpty();
        assertThat(spec.linux().resources().devices()).singleElement().matches(rule -> rule.allow());
        assertThat(mount(spec, "/sys").options()).contains("rw").doesNotContain("ro");
    }

    @Test
    void ordinarilyTheFencesStand() {
        RuntimeSpec spec = spec(IMAGE, "IMAGE");
        assertThat(spec.linux().seccomp()).isNotNull();
        assertThat(spec.linux().maskedPaths()).isEqualTo(Defaults.MASKED_PATHS);
        assertThat(spec.root().readonly()).isFalse();
        assertThat(spec(IMAGE, "--read-only", "IMAGE").root().readonly()).isTrue();
    }

    @Test
    void sharedMemoryHasTheSizeAskedFor() {
        assertThat(mount(spec(IMAGE, "IMAGE"), "/dev/shm").options()).contains("size=67108864");
        assertThat(mount(spec(IMAGE, "--shm-size", "1g", "IMAGE"), "/dev/shm").options())
                .contains("size=1073741824");
    }

    @Test
    void mountsInsideOthersComeAfterThem() {
        volumes = List.of(MountSpec.bind("/a", "/data/deep/er", false), MountSpec.bind("/b", "/data", true));
        RuntimeSpec spec = spec(IMAGE, "--tmpfs", "/data/deep:size=1m,exec", "IMAGE");
        assertThat(spec.mounts().stream().map(MountSpec::destination))
                .containsSubsequence("/data", "/data/deep", "/data/deep/er");
        assertThat(mount(spec, "/data/deep").options()).containsExactly("nosuid", "nodev", "size=1m");
    }

    @Test
    void twoMountsOnOnePlaceAreRefused() {
        volumes = List.of(MountSpec.bind("/a", "/data", false));
        assertThatThrownBy(() -> spec(IMAGE, "--tmpfs", "/data/", "IMAGE")).hasMessage("duplicate mount point: /data");
        assertThatThrownBy(() -> spec(IMAGE, "--tmpfs", "data", "IMAGE")).hasMessageContaining("absolute path");
    }

    private static MountSpec mount(RuntimeSpec spec, String destination) {
        return spec.mounts().stream()
                .filter(mount -> mount.destination().equals(destination))
                .findFirst()
                .orElseThrow();
    }
}
