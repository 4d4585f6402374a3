package hako.cli;

import hako.base.HakoException;
import hako.door.AttendedProcess;
import hako.door.Foreground;
import hako.door.Printable;
import hako.sandbox.Container;
import hako.sandbox.ContainerId;
import hako.sandbox.ContainerProcess;
import hako.sandbox.ContainerState;
import hako.sandbox.ExitReport;
import java.util.concurrent.ExecutionException;

/**
 * A call that was under way when the daemon was killed and has come back to the next one: its token says what it waited
 * for. Output and input go on where they were.
 */
final class Resume {
    private static final String INTERACTIVE = "i";
    private static final String TERMINAL = "t";

    private final Call call;

    Resume(Call call) {
        this.call = call;
    }

    /** {@code run ID FLAGS}. */
    static String runToken(String id, boolean interactive, boolean terminal) {
        return "run " + id + " " + flags(interactive, terminal);
    }

    /** {@code exec ID EXEC FLAGS}. */
    static String execToken(Container container, ContainerProcess exec, boolean interactive, boolean terminal) {
        return "exec " + container.id() + " " + exec.id() + " " + flags(interactive, terminal);
    }

    private static String flags(boolean interactive, boolean terminal) {
        return "-" + (interactive ? INTERACTIVE : "") + (terminal ? TERMINAL : "");
    }

    int run() throws InterruptedException {
        String[] words = call.caller().token().split(" ");
        if (words.length == 3 && words[0].equals("run")) {
            return attend(process(words[1], ""), words[2]);
        } else if (words.length == 4 && words[0].equals("exec")) {
            return attend(process(words[1], words[2]), words[3]);
        }
        call.complain("the daemon was replaced by one that does not know how to go on with this call");
        return ExitCodes.ENGINE;
    }

    private int attend(AttendedProcess lost, String flags) throws InterruptedException {
        try (AttendedProcess process = lost) {
            Foreground foreground =
                    new Foreground(call.caller(), process, flags.contains(INTERACTIVE), flags.contains(TERMINAL));
            call.signals().handTo(foreground);
            call.caller().keep(call.caller().token());
            return foreground.run(call::complain);
        }
    }

    private AttendedProcess process(String id, String execId) throws InterruptedException {
        Container container;
        try {
            container = call.container(id);
        } catch (HakoException e) {
            throw lost(id, "it was being made, or is gone");
        }
        if (execId.isEmpty()) {
            AttendedProcess init = AttendedProcess.init(container, call.caller());
            if (container.state() instanceof ContainerState.Created) { // the last daemon did not get as far
                container.start();
            }
            return init;
        }
        ContainerProcess exec = container.exec(execId);
        if (exec == null) {
            throw lost(id, container.init().exited().isDone() ? reason(container) : "its VM does not know it any more");
        }
        return AttendedProcess.exec(container, exec, call.caller());
    }

    private static String reason(Container container) throws InterruptedException {
        try {
            ExitReport exit = container.init().exited().get();
            return exit.reason().isEmpty() ? "the container has ended with " + exit.code() : exit.reason();
        } catch (ExecutionException e) {
            return String.valueOf(e.getCause());
        }
    }

    private static HakoException lost(String id, String reason) {
        return new HakoException(
                HakoException.Kind.EXTERNAL,
                HakoException.Code.VM_FAILED,
                "container %s was lost while the daemon was away: %s"
                        .formatted(Printable.line(ContainerId.shortened(id)), reason));
    }
}
