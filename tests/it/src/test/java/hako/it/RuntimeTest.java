package hako.it;

import static hako.it.Reaper.exitCode;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** {@code hako-runtime}, called as a container manager's monitor calls it. */
@VmTest
class RuntimeTest {
    @RegisterExtension
    static final SharedNode shared = SharedNode.create();

    private static final Reaper reaper = new Reaper();
    private static final Duration SOON = Duration.ofSeconds(20);

    private final HakoNode node = shared.node();
    private final List<Bundle> bundles = new ArrayList<>();

    @AfterEach
    void nothingIsLeft() {
        node.runtime("list", "--quiet").run().lines().forEach(id -> runtime("delete", "--force", id));
        node.awaitNoTraces();
        bundles.forEach(Bundle::close);
    }

    @AfterAll
    static void removeReaper() {
        reaper.close();
    }

    private Bundle bundle(String script) {
        Bundle bundle = Bundle.script(script);
        bundles.add(bundle);
        return bundle;
    }

    private Result runtime(String... arguments) {
        return node.runtime(arguments).run();
    }

    private void unheard(String... arguments) {
        node.unheardRuntime(arguments).run().ok();
    }

    private Json state(String id) {
        return Json.parse(runtime("state", id).ok().out());
    }

    private String status(String id) {
        return state(id).at("status").text();
    }

    private void awaitStatus(String id, String status) {
        Await.until(id + " to be " + status, SOON, () -> status(id).equals(status), () -> status(id));
    }

    /** A created container, with this test in a monitor's place. */
    private Running create(Bundle bundle, String id, String... options) {
        return create(bundle, id, bundle.folder(), options);
    }

    private Running create(Bundle bundle, String id, Path directory, String... options) {
        return reaper.create(node, bundle, id, directory, options);
    }

    @Test
    void streamsAndExitCodePassThroughTheProcessThatStays() {
        Bundle bundle = bundle("echo out; echo err >&2; cat; exit 7");
        try (Running monitor = create(bundle, "web")) {
            runtime("start", "web").ok();
            Result result = monitor.says("out").type("typed").endInput().await();

            assertThat(result.out()).isEqualTo("out\ntyped");
            assertThat(result.err()).contains("err\n");
            assertThat(exitCode(result, bundle.pid())).isEqualTo(7);
        }
    }

    @Test
    void theStateFollowsTheContainersLife() {
        Bundle bundle = bundle("cat /etc/hostname; hostname; exec sleep 1000");
        try (Running monitor = create(bundle, "web")) {
            Json created = state("web");
            assertThat(created.at("status").text()).isEqualTo("created");
            assertThat(created.at("ociVersion").text()).isEqualTo("1.0.2");
            assertThat(created.at("id").text()).isEqualTo("web");
            assertThat(created.at("bundle").text()).isEqualTo(bundle.folder().toString());
            assertThat(created.at("pid").number()).isEqualTo(bundle.pid());

            runtime("start", "web").ok();
            monitor.says("from the bundle\nbundle\n");
            assertThat(status("web")).isEqualTo("running");
            runtime("kill", "web", "KILL").ok();
            assertThat(exitCode(monitor.await(), bundle.pid())).isEqualTo(137);

            assertThat(status("web")).isEqualTo("stopped");
            assertThat(state("web").at("pid").number()).isZero();
            runtime("delete", "web").ok();
            assertThat(runtime("state", "web").exits(1).err()).contains("container does not exist");
        }
    }

    @Test
    void aBundleOfALaterVersionIsTakenAndOneOfAnotherMajorVersionIsNot() {
        for (String version : List.of("1.2.0", "1.2.1")) {
            Bundle bundle = bundle("").edit("1.0.2", version);
            try (Running monitor = create(bundle, "web")) {
                assertThat(state("web").at("ociVersion").text()).isEqualTo(version);
                runtime("delete", "--force", "web").ok();
                monitor.await();
            }
        }
        Bundle other = bundle("").edit("1.0.2", "2.0.0");
        assertThat(runtime("create", "--bundle", other.folder().toString(), "web")
                        .exits(1)
                        .err())
                .contains("unsupported ociVersion");
    }

    @Test
    void whatDoesNotFitTheStateIsRefusedAsRuncRefusesIt() {
        Bundle bundle = bundle("sleep 1000");
        try (Running monitor = create(bundle, "web")) {
            runtime("start", "web").ok();
            String folder = bundle.folder().toString();

            assertThat(runtime("create", "--bundle", folder, "web").exits(1).err())
                    .contains("container with given ID already exists");
            assertThat(runtime("start", "web").exits(1).err()).contains("cannot start an already running container");
            assertThat(runtime("delete", "web").exits(1).err())
                    .contains("cannot delete container web that is not stopped: running");

            runtime("delete", "--force", "web").ok();
            assertThat(exitCode(monitor.await(), bundle.pid())).isEqualTo(137);
            runtime("delete", "--force", "web").ok();
            assertThat(runtime("delete", "web").exits(1).err()).contains("container does not exist");
        }
    }

    @Test
    void aContainerThatWasNeverStartedEndsAtASignal() {
        Bundle bundle = bundle("true");
        try (Running monitor = create(bundle, "web")) {
            runtime("kill", "web", "TERM").ok();
            assertThat(exitCode(monitor.await(), bundle.pid())).isEqualTo(137);
            assertThat(status("web")).isEqualTo("stopped");
            assertThat(runtime("start", "web").exits(1).err()).contains("cannot start a container that has stopped");
            assertThat(runtime("kill", "web").exits(1).err()).contains("container not running");
        }
    }

    @Test
    void signalsToTheProcessThatStaysAreTheContainers() {
        Bundle bundle = bundle("trap 'echo term; exit 3' TERM; echo ready; while :; do sleep 0.1; done");
        try (Running monitor = create(bundle, "web")) {
            runtime("start", "web").ok();
            monitor.says("ready");
            Processes.signal(bundle.pid(), "TERM");
            Result result = monitor.says("term").await();
            assertThat(exitCode(result, bundle.pid())).isEqualTo(3);
        }
    }

    @Test
    void whoKillsTheProcessThatStaysEndsTheContainer() {
        Bundle bundle = bundle("sleep 1000");
        try (Running monitor = create(bundle, "web")) {
            runtime("start", "web").ok();
            Processes.kill(bundle.pid());
            monitor.await();
            awaitStatus("web", "stopped");
        }
    }

    @Test
    void aKilledDaemonIsNotNoticed() {
        Bundle bundle = bundle("i=0; while read line; do echo got $line; done; exit 5");
        try (Running monitor = create(bundle, "web")) {
            runtime("start", "web").ok();
            monitor.type("one\n").says("got one\n");
            node.killDaemon();
            monitor.type("two\n").says("got one\ngot two\n");
            assertThat(status("web")).isEqualTo("running");
            assertThat(exitCode(monitor.endInput().await(), bundle.pid())).isEqualTo(5);
        }
    }

    @Test
    void aKilledVmIsNoSuccessAndTheLogTellsWhy() {
        Bundle bundle = bundle("echo up; sleep 1000");
        Path log = bundle.folder().resolve("log.json");
        try (Running monitor = create(bundle, "web", "--log", log.toString(), "--log-format", "json")) {
            runtime("start", "web").ok();
            monitor.says("up");
            node.vmms().forEach(Processes::kill);
            assertThat(exitCode(monitor.await(), bundle.pid())).isEqualTo(137);
            Json line = Json.parse(Temporary.read(log));
            assertThat(line.at("level").text()).isEqualTo("error");
            assertThat(line.at("msg").text()).matches(".*(killed|ended).*");
        }
    }

    @Test
    void theLogOfTheProcessThatStaysIsTheCallersOrNone() {
        Bundle bundle = bundle("read line; exit 7");
        Path folder = Temporary.folder("logs");
        try (Running monitor = create(bundle, "web", folder, "--log", "log")) {
            runtime("start", "web").ok();
            node.vmms().forEach(Processes::kill);
            assertThat(exitCode(monitor.await(), bundle.pid())).isEqualTo(137);
            assertThat(Temporary.read(folder.resolve("log"))).contains("level=error");
        }
        runtime("delete", "web").ok();
        Temporary.delete(bundle.pidFile());
        try (Running monitor = create(bundle, "web", folder, "--log", "log")) {
            Temporary.delete(folder);
            runtime("start", "web").ok();
            assertThat(exitCode(monitor.type("end\n").await(), bundle.pid())).isEqualTo(7);
        }
    }

    @Test
    void aContainerOfAnEarlierStartOfTheHostIsGoneForGood() {
        Bundle bundle = bundle("sleep 1000");
        try (Running monitor = create(bundle, "web")) {
            runtime("kill", "web", "KILL").ok();
            monitor.await();
            node.killDaemon();
            Path lib = node.home().resolve("lib");
            Path record = Temporary.below(lib).stream()
                    .filter(path -> path.endsWith("container.json"))
                    .map(lib::resolve)
                    .findFirst()
                    .orElseThrow();
            Temporary.write(record, Temporary.read(record).replaceFirst("(\"hako.oci.boot\": ?\")[^\"]*", "$1earlier"));
            assertThat(runtime("state", "web").exits(1).err()).contains("container does not exist");
            assertThat(runtime("delete", "web").exits(1).err()).contains("container does not exist");
            assertThat(Files.exists(record)).isFalse();
        }
    }

    @Test
    void hooksOfItsStartRunInTheGuestBeforeTheProgram() {
        String hooks =
                ", \"hooks\": {\"startContainer\": [{\"path\": \"/bin/sh\", \"args\": [\"sh\", \"-c\", \"%s\"]}]}";
        Bundle bundle = bundle("true").configure(false, hooks.formatted("cat >/state"), "cat", "/state");
        try (Running monitor = create(bundle, "web")) {
            runtime("start", "web").ok();
            Json state = Json.parse(monitor.await().out());
            assertThat(state.at("id").text()).isEqualTo("web");
            assertThat(state.at("status").text()).isEqualTo("created");
            assertThat(state.at("pid").number()).isEqualTo(1);
            assertThat(state.at("bundle").text()).isEqualTo(bundle.folder().toString());
        }
        runtime("delete", "web").ok();
        Temporary.delete(bundle.pidFile());
        bundle.configure(false, hooks.formatted("echo no; exit 3"), "touch", "/ran");
        try (Running monitor = create(bundle, "web")) {
            assertThat(runtime("start", "web").exits(1).err())
                    .contains("error running hook #0 (startContainer) /bin/sh: exit status 3: no");
            monitor.await();
            assertThat(bundle.root().resolve("ran")).doesNotExist();
        }
    }

    @Test
    void anExecInAPausedContainerWaitsIfItIsToldSo() {
        Bundle bundle = bundle("sleep 1000");
        try (Running _ = create(bundle, "web")) {
            runtime("start", "web").ok();
            runtime("pause", "web").ok();
            assertThat(runtime("exec", "web", "true").exits(255).err()).contains("cannot exec in a paused container");
            try (Running exec =
                    node.runtime("exec", "--ignore-paused", "web", "echo", "ok").start()) {
                runtime("resume", "web").ok();
                assertThat(exec.await().out()).isEqualTo("ok\n");
            }
        }
    }

    @Test
    void rootsKeepTheirContainersApart() {
        Bundle one = bundle("sleep 1000");
        Bundle other = bundle("sleep 1000");
        try (Running first = create(one, "web");
                Running second = create(other, "web", "--root", "/other")) {
            assertThat(runtime("list", "-q").ok().lines()).containsExactly("web");
            assertThat(runtime("--root", "/other", "list", "--format", "json")
                            .ok()
                            .out())
                    .contains("\"pid\":" + other.pid());
            runtime("--root", "/other", "delete", "--force", "web").ok();
            second.await();
            assertThat(status("web")).isEqualTo("created");
            assertThat(first.isAlive()).isTrue();
        }
    }

    @Test
    void aNamespaceThatIsOfNoContainerInAVmIsNotShared() {
        Bundle bundle = bundle("true");
        bundle.write(Temporary.read(bundle.folder().resolve("config.json"))
                .replace("{\"type\": \"ipc\"}", "{\"type\": \"ipc\", \"path\": \"/proc/1/ns/ipc\"}"));
        assertThat(runtime("create", "--bundle", bundle.folder().toString(), "web")
                        .exits(1)
                        .err())
                .contains("the ipc namespace /proc/1/ns/ipc is that of no container in a VM");
    }

    @Test
    void aContainerOfAPodThatIsNotThereIsRefused() {
        Bundle bundle = bundle("true");
        bundle.write(
                Temporary.read(bundle.folder().resolve("config.json"))
                        .replace(
                                "\"hostname\"",
                                "\"annotations\": {\"io.kubernetes.cri.container-type\": \"container\", \"io.kubernetes.cri.sandbox-id\": \"nosuch\"}, \"hostname\""));
        assertThat(runtime("create", "--bundle", bundle.folder().toString(), "web")
                        .exits(1)
                        .err())
                .contains("belongs to sandbox nosuch, which is not there or has ended");
    }

    /** What is only being built is not limited: a start with a hundredth of a processor would take half a minute. */
    @Test
    void aLimitOfCpuTimeHoldsForAllThatRunsOfAContainer() {
        try (Running monitor = create(limited("cat /c/cpu.max; exec sleep 1000"), "early")) {
            runtime("update", "--cpu-quota", "70000", "early").ok();
            assertThat(limit("early")).isEqualTo("70000 100000\n");
            runtime("update", "--cpu-quota", "60000", "early").ok();
            runtime("start", "early").ok();
            monitor.says("60000 100000");
            runtime("delete", "--force", "early").ok();
        }
        try (Running monitor = create(limited("echo up; exec sleep 1000"), "late")) {
            runtime("update", "--cpu-quota", "80000", "late").ok();
            runtime("start", "late").ok();
            monitor.says("up");
            assertThat(limit("late")).isEqualTo("80000 100000\n");
            runtime("delete", "--force", "late").ok();
        }
    }

    private Bundle limited(String script) {
        return bundle(script).edit("\"mounts\": [", """
                        "mounts": [{"destination": "/c", "type": "cgroup", "source": "cgroup"},
                        """).edit("\"linux\": {", """
                        "linux": {"resources": {"cpu": {"quota": 1000, "period": 100000}},
                        """);
    }

    private String limit(String id) {
        return runtime("exec", id, "cat", "/c/cpu.max").ok().out();
    }

    /** Its root is unmounted in a guest that may still wait for what it read. */
    @Test
    void oneThatIsKilledWhileItReadsLeavesTheOthersInItsVmWell() throws IOException {
        Bundle bundle = bundle("sleep 1000");
        String folder = bundle.folder().toString();
        unheard(
                "run",
                "--detach",
                "--bundle",
                folder,
                "--pid-file",
                bundle.pidFile().toString(),
                "stays");
        Bundle reading = bundle("")
                .in(Path.of("/proc/" + bundle.pid() + "/ns/net"))
                .runs("sh", "-c", "while :; do cat /big >/dev/null; done");
        try (RandomAccessFile big =
                new RandomAccessFile(reading.root().resolve("big").toFile(), "rw")) {
            big.setLength(1L << 31);
        }
        for (int round = 0; round < 5; round++) {
            unheard("run", "--detach", "--bundle", reading.folder().toString(), "reads");
            deleteWhileNothingIsServed("reads");
            runtime("exec", "stays", "true").ok();
        }
    }

    /** The servers of directories stand still for half a second. */
    private void deleteWhileNothingIsServed(String id) {
        List<String> line =
                new ArrayList<>(List.of("sh", "-c", """
                runtime=$0 id=$1; shift
                kill -STOP "$@"
                (sleep 0.5; kill -CONT "$@") &
                "$runtime" delete --force "$id"; result=$?
                wait; exit $result
                """, Build.runtime().toString(), id));
        node.helpers("virtiofsd").forEach(pid -> line.add(Long.toString(pid)));
        Command.of(line).with("HAKO_HOME", node.home().toString()).run().ok();
    }

    @Test
    void hooksRunAtTheirTurnsWithTheState() {
        Bundle bundle = bundle("");
        Path said = bundle.folder().resolve("said");
        bundle.configure(
                false,
                ", \"hooks\": {\"prestart\": [%s], \"poststart\": [%s], \"poststop\": [%s]}"
                        .formatted(hook("prestart", said), hook("poststart", said), hook("poststop", said)),
                "true");
        try (Running monitor = create(bundle, "web")) {
            assertThat(Temporary.read(said))
                    .matches("prestart \\{.*\"id\":\"web\".*\"pid\":" + bundle.pid() + ",.*}\n");
            runtime("start", "web").ok();
            monitor.await();
            awaitStatus("web", "stopped");
            runtime("delete", "web").ok();
            assertThat(Temporary.read(said).lines().map(line -> line.split(" ")[0]))
                    .containsExactly("prestart", "poststart", "poststop");
        }
        bundle.configure(
                false,
                ", \"hooks\": {\"createRuntime\": [{\"path\": \"/bin/sh\", \"args\": [\"sh\", \"-c\", \"echo why; exit 3\"]}]}",
                "true");
        Result refused =
                runtime("create", "--bundle", bundle.folder().toString(), "web").exits(1);
        assertThat(refused.err()).contains("error running createRuntime hook #0: exit status 3: why");
        assertThat(runtime("list", "-q").ok().out()).isEmpty();
    }

    @Test
    void hooksOfARunInTheForegroundAndOfOneThatFails() {
        Bundle bundle = bundle("");
        String folder = bundle.folder().toString();
        Path said = bundle.folder().resolve("said");
        String after =
                "\"poststart\": [%s], \"poststop\": [%s]".formatted(hook("poststart", said), hook("poststop", said));
        bundle.configure(false, ", \"hooks\": {%s}".formatted(after), "true");
        runtime("run", "--bundle", folder, "web").ok();
        assertThat(Temporary.read(said)).matches("poststart \\{.*\"pid\":[1-9].*}\npoststop \\{.*\"pid\":0,.*}\n");

        bundle.configure(
                false, ", \"hooks\": {\"prestart\": [%s], %s}".formatted(hook("prestart", said), after), "true");
        assertThat(runtime("run", "--bundle", folder, "web").exits(1).err()).contains("use run --detach");

        Temporary.delete(said);
        bundle.configure(
                false, ", \"hooks\": {\"prestart\": [{\"path\": \"/bin/false\"}], %s}".formatted(after), "true");
        runtime("run", "--detach", "--bundle", folder, "web").exits(1);
        assertThat(Temporary.read(said)).startsWith("poststop ");
        assertThat(runtime("list", "-q").ok().out()).isEmpty();
    }

    @Test
    void aHookEndsWithItsTimeAndMaySayAsMuchAsItLikes() {
        Bundle bundle = bundle("");
        String folder = bundle.folder().toString();
        Path child = bundle.folder().resolve("child");
        bundle.configure(false, prestart("sleep 1000 & echo $! >" + child + "; wait", ", \"timeout\": 1"), "true");
        assertThat(runtime("run", "--detach", "--bundle", folder, "web")
                        .exits(1)
                        .err())
                .contains("ran past specified timeout of 1 s");
        long pid = Long.parseLong(Temporary.read(child).strip());
        Await.until("the hook's child to end", SOON, () -> !Processes.isAlive(pid));

        bundle.configure(false, prestart("echo why; /bin/head -c 5000000 /dev/zero; exit 3", ""), "true");
        Result result = runtime("run", "--detach", "--bundle", folder, "web").exits(1);
        assertThat(result.err()).contains("exit status 3: why").hasSizeLessThan(20000);
    }

    private static String prestart(String script, String members) {
        return ", \"hooks\": {\"prestart\": [{\"path\": \"/bin/sh\", \"args\": [\"sh\", \"-c\", \"%s\"], \"env\": [\"PATH=/bin\"]%s}]}"
                .formatted(script, members);
    }

    @Test
    void createContainerHooksRunInTheNetworkNamespaceAndMountForThemselves() {
        Bundle bundle = bundle("");
        Path folder = bundle.folder();
        Path said = folder.resolve("said");
        Temporary.write(folder.resolve("mounted/file"), "the host's");
        String script = "exec >%s; readlink /proc/self/ns/net; mount -t tmpfs none %s/mounted; ls %s/mounted; cat"
                .formatted(said, folder, folder);
        bundle.configure(false, prestart(script, "").replace("prestart", "createContainer"), "true");
        try (Running monitor = create(bundle, "web")) {
            String network = Command.of("readlink", "/proc/" + bundle.pid() + "/ns/net")
                    .run()
                    .ok()
                    .out();
            assertThat(Temporary.read(said)).startsWith(network + "{");
            assertThat(Traces.mountsBelow(folder)).isEmpty();
            runtime("delete", "--force", "web").ok();
            monitor.await();
        }
    }

    @Test
    void namesOfDescriptorsMeanTheCallers() {
        Bundle bundle = bundle("sleep 1000");
        try (Running monitor = create(bundle, "web")) {
            runtime("start", "web").ok();
            node.runtime("update", "--resources", "/dev/stdin", "web")
                    .input("{\"pids\": {\"limit\": 30}}")
                    .run()
                    .ok();
            assertThat(Json.parse(runtime("events", "--stats", "web").ok().out())
                            .at("data.pids.limit")
                            .number())
                    .isEqualTo(30);
            assertThat(runtime("--log", "/dev/stdout", "state", "none").exits(1).out())
                    .contains("level=error msg=\"container does not exist\"");
            assertThat(monitor.isAlive()).isTrue();
        }
    }

    private static String hook(String kind, Path said) {
        return "{\"path\": \"/bin/sh\", \"args\": [\"sh\", \"-c\", \"echo %s $(/bin/cat) >>%s\"]}"
                .formatted(kind, said);
    }

    @Test
    void moreProcessesRunInARunningContainer() {
        Bundle bundle = bundle("echo up; exec sleep 1000");
        try (Running monitor = create(bundle, "web")) {
            assertThat(runtime("exec", "web", "echo", "early").ok().out()).isEqualTo("early\n");
            runtime("start", "web").ok();
            monitor.says("up");
            Result exec = node.runtime(
                            "exec",
                            "--user",
                            "7:8",
                            "--cwd",
                            "/tmp",
                            "--env",
                            "A=b",
                            "web",
                            "sh",
                            "-c",
                            "cat; id -u; pwd; echo $A; exit 6")
                    .input("in ")
                    .run();
            assertThat(exec.exitCode()).isEqualTo(6);
            assertThat(exec.out()).isEqualTo("in 7\n/tmp\nb\n");
            assertThat(runtime("exec", "web", "nosuch").exits(255).err())
                    .contains("executable file not found in $PATH");

            Path process = Temporary.write(
                    bundle.folder().resolve("p.json"), "{\"args\": [\"sleep\", \"1000\"], \"cwd\": \"/\"}");
            Path pid = bundle.folder().resolve("exec.pid");
            unheard("exec", "--detach", "--process", process.toString(), "--pid-file", pid.toString(), "web");
            long kept = Long.parseLong(Temporary.read(pid));
            assertThat(runtime("ps", "--format", "json", "web").ok().out())
                    .isEqualTo("[%d,%d]\n".formatted(bundle.pid(), kept));
            Processes.signal(kept, "TERM");
            Await.until("the exec's end", SOON, () -> !Processes.isAlive(kept));
            assertThat(status("web")).isEqualTo("running");

            runtime("pause", "web").ok();
            assertThat(status("web")).isEqualTo("paused");
            assertThat(runtime("exec", "web", "true").exits(255).err()).contains("cannot exec in a paused container");
            runtime("resume", "web").ok();
            runtime("update", "--pids-limit", "20", "web").ok();
            assertThat(Json.parse(runtime("events", "--stats", "web").ok().out())
                            .at("data.pids.limit")
                            .number())
                    .isEqualTo(20);
        }
    }

    @Test
    void runWaitsAndLeavesNothing() {
        Bundle bundle = bundle("cat; exit 4");
        Result result = node.runtime("run", "--bundle", bundle.folder().toString(), "web")
                .input("typed")
                .run();
        assertThat(result.exitCode()).isEqualTo(4);
        assertThat(result.out()).isEqualTo("typed");
        assertThat(runtime("state", "web").exits(1).err()).contains("container does not exist");
        bundle.runs("sleep", "1000");
        unheard("run", "--detach", "--bundle", bundle.folder().toString(), "web");
        assertThat(status("web")).isEqualTo("running");
    }

    @Test
    void aCallerThatIsKilledWhileItCreatesLeavesNothing() {
        Bundle bundle = bundle("true");
        for (String signal : List.of("KILL", "TERM")) {
            Command create = node.runtime("create", "--bundle", bundle.folder().toString(), "web");
            try (Running caller = create.start()) {
                Await.until("a VM on its way", SOON, () -> !node.vmms().isEmpty());
                caller.signal(signal);
                assertThat(caller.await().exitCode()).isNotZero();
            }
            node.awaitNoTraces();
            assertThat(runtime("list", "-q").ok().out()).isEmpty();
        }
    }

    @Test
    void badInputLeavesNothingBehind() {
        Bundle bundle = bundle("true");
        String folder = bundle.folder().toString();
        assertThat(runtime("create", "--bundle", folder, "a/b").exits(1).err()).contains("invalid container ID format");
        assertThat(runtime("create", "--bundle", "/none", "web").exits(1).err())
                .contains("JSON specification file config.json not found");
        assertThat(runtime("create", "--bundle", folder).exits(1).err()).contains("requires exactly 1 argument");
        assertThat(runtime("frobnicate").exits(1).err()).contains("frobnicate");
        assertThat(runtime("--log", "/none/log", "state", "web").exits(1).err()).contains("/none/log");
        bundle.write("{\"ociVersion\": \"1.0.2\", \"process\": 5}");
        assertThat(runtime("create", "--bundle", folder, "web").exits(1).err()).contains("config.json");
        bundle.configure(true, "", "sh");
        assertThat(runtime("create", "--bundle", folder, "web").exits(1).err()).contains("console socket");
        assertThat(runtime("create", "--bundle", folder, "--console-socket", folder + "/none", "web")
                        .exits(1)
                        .err())
                .contains("console socket");
        bundle.runs("/no/such/program");
        assertThat(runtime("create", "--bundle", folder, "web").exits(1).err()).contains("/no/such/program");
        assertThat(runtime("list", "-q").ok().out()).isEmpty();
        assertThat(Files.exists(bundle.pidFile())).isFalse();
    }
}
