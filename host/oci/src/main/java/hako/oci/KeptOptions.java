package hako.oci;

import hako.base.HakoException;
import hako.base.HakoException.Code;
import hako.door.Option;
import hako.door.Options;
import hako.doorstep.View;
import hako.spec.ProcessSpec;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The options of {@code create}, {@code run} and {@code exec} about the process that stands for the one they make. */
final class KeptOptions {
    private final Option<String> consoleSocket;
    private final Option<String> pidFile;
    private final Option<Integer> preserveFds;

    KeptOptions(Options options) {
        consoleSocket = options.text("console-socket", "SOCKET", "Who gets the other end of its terminal");
        pidFile = options.text("pid-file", "FILE", "Where its pid goes");
        preserveFds = options.value("preserve-fds", "NUMBER", "Not supported", 0, Integer::valueOf);
    }

    /**
     * @param detached the process is left behind
     * @throws HakoException as runc refuses what does not go together; nothing is made yet
     */
    void check(ProcessSpec process, boolean detached) {
        if (preserveFds.value() != 0) {
            throw refuse("--preserve-fds: a descriptor of the host means nothing in a VM");
        }
        boolean terminal = Boolean.TRUE.equals(process.terminal());
        String socket = consoleSocket.value();
        if (detached && terminal && socket.isEmpty()) {
            throw refuse("cannot allocate tty if runc will detach without setting console socket");
        }
        if (!(detached && terminal) && !socket.isEmpty()) {
            throw refuse("cannot use console socket if runc will not detach or allocate tty");
        }
    }

    /** Of a process that is left behind, where it is to have one. */
    @Nullable
    Console console(RuntimeCall call, ProcessSpec process) {
        check(process, true);
        String socket = consoleSocket.value();
        return socket.isEmpty() ? null : new Console(call.path(socket), process);
    }

    /**
     * Leaves the process behind that will call with this token.
     *
     * @param command what it is shown to execute: managers look at the host's processes for what runs in a container
     * @param network path of a network namespace for it, empty for a new one; null: the caller's
     * @param view what whoever joins its mount namespace finds there; null: the host
     * @return its pid
     */
    long leave(
            RuntimeCall call,
            String token,
            List<String> command,
            @Nullable String network,
            @Nullable View view,
            @Nullable Console console)
            throws InterruptedException {
        return call.services()
                .kept()
                .leave(call.caller(), token, command, network, view, console == null ? null : console.terminal());
    }

    /** All is well: others learn of it. */
    void publish(RuntimeCall call, long pid, @Nullable Console console) throws InterruptedException {
        if (console != null) {
            console.send();
        }
        writePid(call, pid);
    }

    void writePid(RuntimeCall call, long pid) {
        if (!pidFile.value().isEmpty()) {
            PidFile.write(call.path(pidFile.value()), pid);
        }
    }

    private static HakoException refuse(String message) {
        return HakoException.user(Code.INVALID_ARGUMENT, message);
    }
}
