package hako.cli;

import hako.base.HakoException;
import hako.door.AttendedProcess;
import hako.door.Foreground;
import hako.door.Option;
import hako.door.Signals;
import hako.doorstep.Caller;
import hako.sandbox.Container;
import hako.sandbox.ContainerProcess;
import hako.sandbox.ExecRequest;
import java.util.List;

/** {@code hako exec}. */
final class Exec extends Verb {
    private final Option<Boolean> detach = options().flag("detach", 'd', "Do not wait for it");
    private final Option<Boolean> interactive = options().flag("interactive", 'i', "Give it this command's input");
    private final Option<Boolean> terminal = options().flag("tty", 't', "Give it a terminal");
    private final EnvironmentOptions environment = new EnvironmentOptions(options());
    private final Option<String> user = options().text("user", 'u', "USER", "Run as this user (name or uid, :group)");
    private final Option<String> directory = options().text("workdir", 'w', "DIR", "Run in this directory");

    Exec() {
        super("exec", "CONTAINER COMMAND [ARG...]", "Run one more command in a running container", 2, MANY);
    }

    @Override
    public boolean mixed() {
        return false;
    }

    @Override
    int run(Call call, List<String> arguments) throws InterruptedException {
        Caller caller = call.caller();
        boolean attended = !detach.value();
        Terminals.check(caller, attended && interactive.value(), terminal.value());
        Container container = call.container(arguments.getFirst());
        ExecRequest request = request(call, arguments);
        call.signals().hold(() -> {});
        ContainerProcess process = container.exec(request);
        if (!attended) {
            return SUCCESS;
        }
        try (AttendedProcess attendedProcess = AttendedProcess.exec(container, process, caller)) {
            Foreground foreground = new Foreground(caller, attendedProcess, interactive.value(), terminal.value());
            hand(call, foreground, process);
            caller.keep(Resume.execToken(container, process, interactive.value(), terminal.value()));
            return foreground.run(call::complain);
        }
    }

    private static void hand(Call call, Foreground foreground, ContainerProcess process) throws InterruptedException {
        try {
            call.signals().handTo(foreground);
        } catch (InterruptedException e) { // it runs already, for nobody
            process.signal(Signals.SIGKILL);
            throw e;
        }
    }

    private ExecRequest request(Call call, List<String> arguments) {
        String cwd = directory.value();
        if (!cwd.isEmpty() && !cwd.startsWith("/")) {
            throw HakoException.user(
                    HakoException.Code.INVALID_ARGUMENT,
                    "the working directory '%s' is invalid, it needs to be an absolute path".formatted(cwd));
        }
        return new ExecRequest(
                arguments.subList(1, arguments.size()),
                environment.variables(call.caller()).assignments(),
                cwd,
                user.value(),
                terminal.value(),
                Terminals.size(call.caller()),
                !detach.value() && interactive.value());
    }
}
