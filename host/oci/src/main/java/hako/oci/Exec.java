package hako.oci;

import hako.base.HakoException;
import hako.base.HakoException.Code;
import hako.door.Option;
import hako.door.Signals;
import hako.oci.KeptCall.Token;
import hako.sandbox.ContainerProcess;
import hako.spec.ProcessSpec;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** {@code hako-runtime exec}. */
final class Exec extends Verb {
    /** Of a call that failed, as opposed to the process. */
    private static final int EXEC_FAILURE = 255;

    private final Option<Boolean> detach = options().flag("detach", 'd', "Do not wait for it");
    private final Option<String> file =
            options().text("process", 'p', "FILE", "What to run, as a process of a config.json");
    private final Option<Boolean> ignorePaused =
            options().flag("ignore-paused", "Start it although the container is paused");
    private final Option<String> cgroup = options().text("cgroup", "PATH", "Not supported");
    private final ExecOptions process = new ExecOptions(options());
    private final KeptOptions kept = new KeptOptions(options());

    Exec() {
        super("exec", "CONTAINER COMMAND [ARG...]", "Run one more process in a running container", 1, MANY);
    }

    @Override
    public boolean mixed() {
        return false;
    }

    @Override
    int run(RuntimeCall call, List<String> arguments) throws IOException, InterruptedException {
        try {
            RuntimeContainer container = call.container(arguments.getFirst());
            return exec(call, container, arguments.subList(1, arguments.size()));
        } catch (HakoException e) {
            call.log().error("exec failed: " + RuntimeCommand.words(e));
            return EXEC_FAILURE;
        }
    }

    private int exec(RuntimeCall call, RuntimeContainer in, List<String> words)
            throws IOException, InterruptedException {
        if (!cgroup.value().isEmpty()) {
            throw HakoException.user(Code.UNSUPPORTED, "--cgroup: a container in a VM has one cgroup");
        }
        ProcessSpec spec = spec(call, in, words);
        Bundle.check(spec);
        if (detach.value()) {
            return leave(call, in, spec);
        }
        kept.check(spec, false);
        ContainerProcess started = in.exec(spec, ignorePaused.value());
        kept.writePid(call, call.caller().pid());
        return new KeptCall(call, token(call, in, started, spec, false)).run();
    }

    private int leave(RuntimeCall call, RuntimeContainer in, ProcessSpec spec) throws InterruptedException {
        try (Console console = kept.console(call, spec)) {
            ContainerProcess started = in.exec(spec, ignorePaused.value());
            try {
                long pid = kept.leave(
                        call, token(call, in, started, spec, true).toString(), spec.args(), null, null, console);
                in.cgroup().ifPresent(cgroup -> cgroup.join(pid));
                kept.publish(call, pid, console);
                return SUCCESS;
            } catch (RuntimeException | InterruptedException e) {
                started.signal(Signals.SIGKILL); // it runs already, for nobody
                throw e;
            }
        }
    }

    private static Token token(
            RuntimeCall call, RuntimeContainer in, ContainerProcess process, ProcessSpec spec, boolean left) {
        return new Token(
                in.container().id(),
                process.id(),
                Boolean.TRUE.equals(spec.terminal()),
                left,
                false,
                call.log().path());
    }

    private ProcessSpec spec(RuntimeCall call, RuntimeContainer in, List<String> words) throws IOException {
        if (!file.value().isEmpty()) {
            return ProcessSpec.fromJson(Bundle.bytes(call.path(file.value())));
        }
        if (words.isEmpty()) {
            throw HakoException.user(Code.INVALID_ARGUMENT, "process args cannot be empty");
        }
        @Nullable ProcessSpec init = in.spec().process();
        return process.spec(java.util.Objects.requireNonNull(init), words);
    }
}
