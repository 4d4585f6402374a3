package hako.oci;

import hako.base.HakoException;
import hako.base.HakoException.Code;
import hako.base.HakoException.Kind;
import hako.door.AttendedProcess;
import hako.door.Foreground;
import hako.sandbox.Container;
import hako.sandbox.ContainerProcess;
import hako.sandbox.ExitReport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The call of a process that stands for a container or an exec: one that was left behind, or a {@code run} or {@code exec}
 * that waits. When the daemon is killed it comes back to the next one, and its token says for what it stands.
 */
final class KeptCall {
    private static final Logger log = LoggerFactory.getLogger(KeptCall.class);

    private final RuntimeCall call;
    private final Token token;

    KeptCall(RuntimeCall call, Token token) {
        this.call = call;
        this.token = token;
    }

    /**
     * {@code ID FLAGS EXEC LOG}.
     *
     * @param exec empty: the container's own process
     * @param terminal it has one
     * @param left the caller was left behind for it
     * @param delete the container goes when it has ended
     * @param log where messages go, absolute; empty: standard error
     */
    record Token(String container, String exec, boolean terminal, boolean left, boolean delete, String log) {
        private static final String NONE = "-";
        private static final String TERMINAL = "t";
        private static final String LEFT = "l";
        private static final String DELETE = "d";

        static Token parse(String text) {
            String[] words = text.split(" ", 4);
            return new Token(
                    words[0],
                    words.length > 2 && !words[2].equals(NONE) ? words[2] : "",
                    words[1].contains(TERMINAL),
                    words[1].contains(LEFT),
                    words[1].contains(DELETE),
                    words.length > 3 ? words[3] : "");
        }

        @Override
        public String toString() {
            String flags = "-" + (terminal ? TERMINAL : "") + (left ? LEFT : "") + (delete ? DELETE : "");
            return String.join(" ", container, flags, exec.isEmpty() ? NONE : exec, log);
        }
    }

    /** Puts the caller in front of the process, until the end of that. @return the exit code */
    int run() throws InterruptedException {
        Container container = call.services().sandboxes().container(token.container());
        try (AttendedProcess process = new KeptProcess(process(container), new RuntimeContainer(container))) {
            Foreground foreground = attach(process);
            return foreground.run(call.log()::error);
        } finally {
            if (token.delete()) {
                destroy(container);
            }
        }
    }

    /** The same of a container that is to be started now. */
    int start(Container container) throws InterruptedException {
        try (AttendedProcess process = new KeptProcess(process(container), new RuntimeContainer(container))) {
            Foreground foreground = attach(process);
            RuntimeContainer started = new RuntimeContainer(container);
            started.start(call.caller().pid());
            new BundleHooks(started, call.caller().files()).started();
            return foreground.run(call.log()::error);
        } finally {
            if (token.delete() || !container.init().exited().isDone()) {
                destroy(container);
            }
        }
    }

    /** Unless another call has. */
    private void destroy(Container container) throws InterruptedException {
        if (call.services().sandboxes().containers().contains(container)) {
            new RuntimeContainer(container).destroy(call.caller().files());
        }
    }

    private Foreground attach(AttendedProcess process) throws InterruptedException {
        Foreground foreground = new Foreground(call.caller(), process, true, token.terminal());
        call.signals().handTo(foreground);
        call.caller().keep(token.toString());
        boolean expected =
                call.services().kept().arrived(token.toString(), call.caller().pid());
        if (token.left() && !expected) {
            rejoinCgroup();
        }
        return foreground;
    }

    /** It left the container's to start a daemon, or could have. */
    private void rejoinCgroup() {
        try {
            HostCgroup.of(call.services().sandboxes().container(token.container()))
                    .ifPresent(cgroup -> cgroup.join(call.caller().pid()));
        } catch (HakoException e) {
            log.warn("container {}: {}", token.container(), e.getMessage());
        }
    }

    private AttendedProcess process(Container container) {
        if (token.exec().isEmpty()) {
            return AttendedProcess.init(container, call.caller());
        }
        ContainerProcess exec = container.exec(token.exec());
        if (exec == null) {
            throw new HakoException(
                    Kind.EXTERNAL, Code.VM_FAILED, "the process was lost while the daemon was away: " + end(container));
        }
        return AttendedProcess.exec(container, exec, call.caller());
    }

    private static String end(Container container) {
        ExitReport exit = container.init().exited().getNow(null);
        return exit == null
                ? "its VM does not know it any more"
                : exit.reason().isEmpty() ? "the container has ended with " + exit.code() : exit.reason();
    }
}
