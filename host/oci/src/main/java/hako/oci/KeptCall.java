package hako.oci;

import hako.base.HakoException;
import hako.base.HakoException.Code;
import hako.base.HakoException.Kind;
import hako.door.AttendedProcess;
import hako.door.Foreground;
import hako.sandbox.Container;
import hako.sandbox.ContainerProcess;
import hako.sandbox.ExitReport;
import org.jspecify.annotations.Nullable;

/**
 * The call of a process that stands for a container or an exec: one that was left behind, or the call of a {@code run} or
 * {@code exec} that waits, come back after the daemon was killed. Its token says for what it stands.
 */
final class KeptCall {
    private static final String TERMINAL = "t";
    private static final String PLAIN = "-";

    private final RuntimeCall call;

    KeptCall(RuntimeCall call) {
        this.call = call;
    }

    /** For a container's own process: {@code ID FLAGS}. */
    static String token(Container container, boolean terminal) {
        return container.id() + " " + flags(terminal);
    }

    /** For one more: {@code ID FLAGS EXEC}. */
    static String token(Container container, ContainerProcess exec, boolean terminal) {
        return token(container, terminal) + " " + exec.id();
    }

    private static String flags(boolean terminal) {
        return terminal ? TERMINAL : PLAIN;
    }

    /** @return the exit code */
    int run() throws InterruptedException {
        String token = call.caller().token();
        String[] words = token.split(" ");
        Container container = call.services().sandboxes().container(words[0]);
        ContainerProcess exec = words.length > 2 ? container.exec(words[2]) : null;
        if (words.length > 2 && exec == null) {
            throw new HakoException(
                    Kind.EXTERNAL, Code.VM_FAILED, "the process was lost while the daemon was away: " + end(container));
        }
        return attend(container, exec, words[1].equals(TERMINAL), token);
    }

    /** Puts the caller in front of the process, until the end of that. */
    int attend(Container container, @Nullable ContainerProcess exec, boolean terminal, String token)
            throws InterruptedException {
        AttendedProcess attended = exec == null
                ? AttendedProcess.init(container, call.caller())
                : AttendedProcess.exec(container, exec, call.caller());
        try (AttendedProcess process = new KeptProcess(attended)) {
            Foreground foreground = new Foreground(call.caller(), process, true, terminal);
            call.signals().handTo(foreground);
            call.caller().keep(token);
            call.services().kept().arrived(token, call.caller().pid());
            return foreground.run(call.log()::error);
        }
    }

    private static String end(Container container) {
        ExitReport exit = container.init().exited().getNow(null);
        return exit == null
                ? "its VM does not know it any more"
                : exit.reason().isEmpty() ? "the container has ended with " + exit.code() : exit.reason();
    }
}
