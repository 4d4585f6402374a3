package hako.oci;

import hako.base.HakoException;
import hako.base.HakoException.Code;
import hako.base.HakoException.Kind;
import hako.door.Json;
import hako.linux.Fd;
import hako.linux.HostFiles;
import hako.linux.LinuxException;
import hako.linux.MemoryFile;
import hako.linux.MountNamespace;
import hako.linux.NetworkNamespace;
import hako.linux.Spawn;
import hako.linux.Spawned;
import hako.spec.Hooks;
import hako.spec.Hooks.Hook;
import hako.spec.RuntimeSpec;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The programs of a bundle that run on this host at the turns of its container's life, where they are what their caller's paths
 * mean, with the container's state on their standard input. Those for its start run in the guest.
 *
 * @see <a href="https://github.com/opencontainers/runtime-spec/blob/main/config.md#posix-platform-hooks">runtime-spec, Hooks</a>
 */
final class BundleHooks {
    private static final Logger log = LoggerFactory.getLogger(BundleHooks.class);

    /** For one that was killed. */
    private static final Duration END_PATIENCE = Duration.ofMinutes(2);

    private final RuntimeContainer container;
    private final HostFiles files;
    private final Hooks hooks;

    /** @param files of whoever called */
    BundleHooks(RuntimeContainer container, HostFiles files) {
        this.container = container;
        this.files = files;
        this.hooks = of(container.spec());
    }

    private static Hooks of(RuntimeSpec spec) {
        Hooks hooks = spec.hooks();
        List<Hook> none = List.of();
        return hooks == null ? new Hooks(none, none, none, none, none, none) : hooks;
    }

    /** @throws HakoException for what would wire a process that is not there: the caller stands in its place */
    static void checkForeground(RuntimeSpec spec) {
        Hooks hooks = of(spec);
        if (!hooks.prestart().isEmpty()
                || !hooks.createRuntime().isEmpty()
                || !hooks.createContainer().isEmpty()) {
            throw HakoException.user(
                    Code.UNSUPPORTED,
                    "prestart, createRuntime and createContainer hooks need a process of the container's on this host, which a run in the foreground has not: use run --detach, or create and start");
        }
    }

    /** Its namespaces are there, its program does not run. @spec config#prestart, config#createRuntime-hooks */
    void created() throws InterruptedException {
        run("prestart", hooks.prestart(), files::within);
        run("createRuntime", hooks.createRuntime(), files::within);
        run("createContainer", hooks.createContainer(), this::inContainer);
    }

    /**
     * In its network namespace, and in the caller's mount namespace as it would be before the container's root is all there is: what
     * they mount is nobody else's. Not among the container's files, whose loader and libraries they would run with the host's rights.
     *
     * @spec config#createContainer-hooks
     */
    private Spawned inContainer(Supplier<Spawned> program) {
        try (Fd network = Fd.open(container.networkNamespace(), Fd.O_RDONLY, 0)) {
            return files.within(() -> NetworkNamespace.run(network, () -> MountNamespace.runInCopy(program::get)));
        }
    }

    /** Its program runs. What fails is only noted. @spec config#poststart */
    void started() throws InterruptedException {
        runAll("poststart", hooks.poststart());
    }

    /** It is deleted. What fails is only noted. @spec config#poststop */
    void deleted() throws InterruptedException {
        runAll("poststop", hooks.poststop());
    }

    private void runAll(String kind, List<Hook> all) throws InterruptedException {
        for (Hook hook : all) {
            try {
                run(kind, List.of(hook), files::within);
            } catch (HakoException e) {
                log.warn("container {}: {}", container.id(), e.getMessage());
            }
        }
    }

    /** Starts a program where it belongs. */
    private interface Place {
        Spawned start(Supplier<Spawned> program);
    }

    private void run(String kind, List<Hook> all, Place place) throws InterruptedException {
        byte[] state = Json.line(container.state()).getBytes(StandardCharsets.UTF_8);
        for (int i = 0; i < all.size(); i++) {
            run("error running %s hook #%d".formatted(kind, i), all.get(i), state, place);
        }
    }

    private void run(String what, Hook hook, byte[] state, Place place) throws InterruptedException {
        Map<String, String> env = new LinkedHashMap<>();
        hook.env().forEach(entry -> env.put(entry.split("=", 2)[0], entry.contains("=") ? entry.split("=", 2)[1] : ""));
        List<String> argv = hook.args().isEmpty() ? List.of(hook.path()) : hook.args();
        try (Fd input = MemoryFile.create("state", 0);
                HookOutput output = new HookOutput()) {
            Files.write(input.path(), state);
            Map<Integer, Integer> streams = Map.of(
                    0, input.number(),
                    1, output.writer().number(),
                    2, output.writer().number());
            Path directory = Path.of(container.bundle());
            try (Spawned program = place.start(() -> Spawn.start(hook.path(), argv, env, directory, streams, true))) {
                int code = await(program, hook);
                if (code != 0) {
                    throw failed("%s: exit status %d: %s".formatted(what, code, output.text()));
                }
            }
        } catch (LinuxException | IOException e) {
            throw failed(what + ": " + e.getMessage());
        }
    }

    private static int await(Spawned program, Hook hook) throws InterruptedException {
        Duration patience = hook.patience();
        try {
            return program.await(patience);
        } catch (HakoException e) {
            if (e.code() != Code.TIMEOUT) {
                throw e;
            }
            end(program);
            throw failed("hook " + hook.path() + " ran past specified timeout of " + patience.toSeconds() + " s");
        } catch (InterruptedException e) {
            end(program);
            throw e;
        }
    }

    private static void end(Spawned program) throws InterruptedException {
        program.killGroup();
        program.await(END_PATIENCE);
    }

    private static HakoException failed(String message) {
        return new HakoException(Kind.USER, Code.INVALID_ARGUMENT, message);
    }
}
