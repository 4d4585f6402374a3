package hako.cli;

import hako.base.HakoException;
import hako.door.AttendedProcess;
import hako.door.CallSignals;
import hako.door.Foreground;
import hako.door.Option;
import hako.doorstep.Caller;
import hako.image.Image;
import hako.sandbox.Container;
import hako.sandbox.ContainerRequest;
import hako.sandbox.Sandboxes;
import java.util.List;

/** {@code hako run}. */
final class Run extends Verb {
    private final Option<Boolean> detach = options().flag("detach", 'd', "Do not wait for it; print its id");
    private final Option<Boolean> interactive = options().flag("interactive", 'i', "Give it this command's input");
    private final Option<Boolean> terminal = options().flag("tty", 't', "Give it a terminal");
    private final Option<Boolean> remove = options().flag("rm", "Remove it when it has ended");
    private final Option<Boolean> init = options().flag("init", "Not supported yet");
    private final Option<PullPolicy> pull = options()
            .value("pull", "WHEN", "always, missing (default) or never", PullPolicy.MISSING, PullPolicy::parse);
    private final Option<String> platform =
            options().text("platform", "OS/ARCH", "Of a pulled image, if not the host's own");
    private final ContainerOptions container = new ContainerOptions(options());

    Run() {
        super("run", "IMAGE [COMMAND] [ARG...]", "Run a command in a new container, in a VM of its own", 1, MANY);
    }

    @Override
    public boolean mixed() {
        return false;
    }

    @Override
    int failure() {
        return ExitCodes.ENGINE;
    }

    @Override
    int run(Call call, List<String> arguments) throws InterruptedException {
        if (init.value()) {
            throw HakoException.user(
                    HakoException.Code.UNSUPPORTED,
                    "--init is not supported yet; a program that starts others must wait for them itself");
        }
        boolean attended = !detach.value();
        Terminals.check(call.caller(), attended && interactive.value(), terminal.value());
        String reference = arguments.getFirst();
        ContainerPlan plan = new ContainerPlan(
                container,
                reference,
                arguments.subList(1, arguments.size()),
                terminal.value(),
                interactive.value(),
                remove.value());
        plan.check();
        Image image = new ImageChoice(call, platform.value()).image(reference, pull.value());
        Sandboxes sandboxes = call.services().sandboxes();
        ContainerRequest request =
                plan.request(call, image, call.services().root().apply(image));
        call.signals().hold(() -> sandboxes.abandon(request.id()));
        if (attended) { // from here on the next daemon goes on with this call
            call.caller().keep(Resume.runToken(request.id(), interactive.value(), terminal.value()));
        }
        Container made = sandboxes.create(request);
        return attended ? attend(call, made) : leave(call, made);
    }

    private static int leave(Call call, Container container) throws InterruptedException {
        try {
            call.signals().handTo(new Nobody());
        } catch (InterruptedException e) {
            throw unmade(container, e);
        }
        container.start();
        call.out().println(container.id());
        return SUCCESS;
    }

    private int attend(Call call, Container made) throws InterruptedException {
        Caller caller = call.caller();
        AttendedProcess process = AttendedProcess.init(made, caller);
        Foreground foreground = new Foreground(caller, process, interactive.value(), terminal.value());
        try {
            call.signals().handTo(foreground);
        } catch (InterruptedException e) {
            process.close();
            throw unmade(made, e);
        }
        try (process) {
            made.start();
            return foreground.run(call::complain);
        }
    }

    /** The caller has ended the call while the container was being made: so nobody wants it. */
    private static InterruptedException unmade(Container container, InterruptedException reason)
            throws InterruptedException {
        container.remove(true);
        return reason;
    }

    /** Takes the signals of a caller that leaves in a moment. */
    private static final class Nobody implements CallSignals.Target {
        @Override
        public void signal(int number) {}

        @Override
        public void gone() {}
    }
}
