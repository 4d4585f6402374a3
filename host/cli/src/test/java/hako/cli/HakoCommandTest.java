package hako.cli;

import static org.assertj.core.api.Assertions.assertThat;

import hako.door.Options;
import hako.fakes.FakeCaller;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Calls from the argument list to the exit code, without a VM. */
class HakoCommandTest {
    @TempDir
    Path directory;

    private HakoCommand command;

    @BeforeEach
    void daemon() {
        command = new HakoCommand(FakeServices.in(directory));
    }

    private FakeCaller call(String... arguments) {
        FakeCaller caller = new FakeCaller(arguments);
        caller.directory = directory;
        command.serve(caller);
        return caller;
    }

    private void assertFails(FakeCaller caller, int code, String message) {
        assertThat(caller.errors()).isEqualTo("hako: " + message + "\n");
        assertThat(caller.exitCode()).isEqualTo(code);
        assertThat(caller.output()).isEmpty();
    }

    @Test
    void versionTellsWhatRuns() {
        FakeCaller caller = call("version");
        assertThat(caller.exitCode()).isZero();
        assertThat(caller.output()).startsWith("hako 0.1.0\n").contains("up 3 minutes");
        assertThat(call("version", "--json").output()).contains("\"version\": \"0.1.0\"");
        assertThat(call("--version").output()).startsWith("hako 0.1.0\n");
    }

    @Test
    void withoutArgumentsThereIsHelp() {
        assertThat(call().output()).isEqualTo(call("help").output()).contains("run ", "image ", "version ");
        assertThat(call("--help").exitCode()).isZero();
    }

    @Test
    void everyVerbHasHelp() {
        for (String group : new String[] {"", "image", "factory"}) {
            for (Verb verb : Verbs.inGroup(group)) {
                String[] words = (verb.name() + " --help").split(" ");
                FakeCaller caller = call(words);
                assertThat(caller.output())
                        .startsWith("Usage:  hako " + verb.name())
                        .contains(verb.summary());
                assertThat(caller.exitCode()).isZero();
                assertThat(call(("help " + verb.name()).split(" ")).output()).isEqualTo(caller.output());
            }
        }
        assertThat(call("image").output()).contains("hako image COMMAND", "import ");
    }

    @Test
    void aTemplateThatNobodyWouldUseIsNotMade() {
        assertFails(
                call("factory", "init"),
                1,
                "no VM is cloned here: vm.source is \"cold\" in hako.toml; set it to \"template\" and restart hakod");
    }

    @Test
    void theBenchmarkIsRefusedWhereItIsNotInstalled() {
        assertFails(
                call("bench", "--quick", "disk"),
                1,
                "bench: there is no %s/install/lib/bench/hako-bench.jar; install Hako again (./dev install)"
                        .formatted(directory));
        assertFails(call("bench", "--contract"), 125, "unknown flag: --contract\nSee 'hako bench --help'.");
    }

    @Test
    void dockersOtherSpellingsWork() {
        assertThat(call("images").output()).isEqualTo(call("image", "ls").output());
        assertThat(call("rmi", "--help").output()).startsWith("Usage:  hako image rm");
    }

    @Test
    void anUnknownVerbIsToldWithTheNearest() {
        assertFails(call("rnu"), 1, "'rnu' is not a hako command; did you mean 'run'?\nSee 'hako --help'.");
        assertFails(
                call("image", "pul"),
                1,
                "'image pul' is not a hako command; did you mean 'image pull'?\nSee 'hako --help'.");
        assertFails(call("frobnicate"), 1, "'frobnicate' is not a hako command\nSee 'hako --help'.");
        assertFails(call("\u001b[2J"), 1, "'\\u001b[2J' is not a hako command\nSee 'hako --help'.");
    }

    @Test
    void aWrongOptionExitsWith125AndSaysWhereToRead() {
        assertFails(call("ps", "--everything"), 125, "unknown flag: --everything\nSee 'hako ps --help'.");
        assertFails(
                call("run", "-m", "1m", "x"),
                125,
                "invalid argument \"1m\" for -m, --memory: the least a container can be limited to is 6m\nSee 'hako run --help'.");
        assertFails(call("run"), 125, "\"hako run\" requires at least 1 argument\nSee 'hako run --help'.");
        assertFails(call("version", "x"), 125, "\"hako version\" takes no arguments\nSee 'hako version --help'.");
    }

    @Test
    void listsOfNothingAreHeadings() {
        assertThat(call("ps", "-a").output())
                .isEqualTo("CONTAINER ID   IMAGE     COMMAND   CREATED   STATUS    PORTS     NAMES\n");
        assertThat(call("ps", "-q").output()).isEmpty();
        assertThat(call("image", "ls").output()).isEqualTo("REPOSITORY   TAG       IMAGE ID   CREATED   SIZE\n");
    }

    @Test
    void aContainerThatIsNotThereExitsWith1() {
        for (String verb : new String[] {"stop", "kill", "rm", "pause", "unpause", "logs", "wait"}) {
            assertFails(call(verb, "web"), 1, "no such container: web");
        }
        assertFails(call("exec", "web", "ls"), 1, "no such container: web");
        assertThat(call("rm", "-f", "web").exitCode()).isZero();
    }

    @Test
    void eachOfSeveralIsTried() {
        FakeCaller caller = call("stop", "one", "two");
        assertThat(caller.errors()).isEqualTo("hako: no such container: one\nhako: no such container: two\n");
        assertThat(caller.exitCode()).isEqualTo(1);
    }

    @Test
    void inspectOfNothingIsAnEmptyListAndAFailure() {
        FakeCaller caller = call("inspect", "web");
        assertThat(caller.output()).isEqualTo("[]\n");
        assertThat(caller.errors()).isEqualTo("hako: no such container or image: web\n");
        assertThat(caller.exitCode()).isEqualTo(1);
    }

    @Test
    void imagesOfOursAreNeverAskedOfARegistry() {
        FakeCaller caller = call("run", "--rm", "hako/nope", "true");
        assertThat(caller.exitCode()).isEqualTo(125);
        assertThat(caller.errors()).contains("image \"hako/nope\" is not on this host", "hako image import");
    }

    @Test
    void anImageThatCannotBeHadExitsWith125() {
        FakeCaller caller = call("run", "localhost:1/app", "true");
        assertThat(caller.exitCode()).isEqualTo(125);
        assertThat(caller.errors()).startsWith("Unable to find image 'localhost:1/app:latest' locally\n");
        assertThat(call("run", "--pull", "never", "busybox").exitCode()).isEqualTo(125);
    }

    @Test
    void aWrongNameDoesNotCostADownload() {
        FakeCaller caller = call("run", "--name", "no/slash", "localhost:1/app");
        assertThat(caller.exitCode()).isEqualTo(125);
        assertThat(caller.errors()).startsWith("hako: invalid container name \"no/slash\"");
        assertThat(call("run", "-p", "80:80", "--network", "none", "localhost:1/app")
                        .errors())
                .startsWith("hako: -p publishes a port of the network");
        assertThat(call("run", "--hostname", "a_b", "localhost:1/app").errors()).startsWith("hako: invalid hostname");
        assertThat(call("run", "--dns", "example.org", "localhost:1/app").errors())
                .contains("is not an IP address");
    }

    @Test
    void aTerminalCanOnlyBeFedFromATerminal() {
        assertFails(call("run", "-it", "hako/busybox"), 1, "the input device is not a TTY");
        assertFails(call("exec", "-it", "web", "sh"), 1, "the input device is not a TTY");
    }

    @Test
    void initIsRefusedRatherThanIgnored() {
        assertThat(call("run", "--init", "hako/busybox").errors()).contains("--init is not supported yet");
    }

    @Test
    void filesThatAreNotThereAreNamed() {
        assertFails(call("image", "load", "-i", "absent.tar"), 1, "open absent.tar: no such file or directory");
        assertThat(call("image", "import", "absent", "hako/x").exitCode()).isEqualTo(1);
    }

    @Test
    void whatCannotBeAnImagesNameIsRefused() {
        assertThat(call("run", "Not An Image").exitCode()).isEqualTo(125);
        assertThat(call("image", "rm", "absent").exitCode()).isEqualTo(1);
    }

    @Test
    void aCallThatComesBackToNothingSaysItWasLost() {
        FakeCaller caller = new FakeCaller("run", "x");
        caller.token = "run " + "a".repeat(64) + " -";
        command.serve(caller);
        assertThat(caller.exitCode()).isEqualTo(125);
        assertThat(caller.errors()).contains("aaaaaaaaaaaa was lost while the daemon was away");
    }

    @Test
    void aMistakeOfOursPointsToTheLog() {
        FakeCaller caller = call("check"); // no facts to be had here
        assertThat(caller.exitCode()).isEqualTo(1);
        assertThat(caller.errors())
                .contains("a mistake in Hako", "/run/hako/hakod.log")
                .hasLineCount(1);
    }

    @Test
    void variablesCanComeFromAFile() throws Exception {
        Files.writeString(directory.resolve("vars"), "# comment\n\nA=1\n  B=2 3\nC\n");
        FakeCaller caller = new FakeCaller();
        caller.directory = directory;
        caller.environment.put("C", "4");
        Options options = new Options();
        EnvironmentOptions environment = new EnvironmentOptions(options);
        options.parse(java.util.List.of("-e", "A=9", "--env-file", "vars"), true);
        assertThat(environment.variables(caller).assignments()).containsExactly("A=9", "B=2 3", "C=4");
    }
}
