package hako.oci;

import hako.door.Option;
import java.util.List;

/** {@code hako-runtime create}. @spec runtime-spec#create */
final class Create extends Verb {
    private final CreateOptions container = new CreateOptions(options());

    Create() {
        super("create", "CONTAINER", "Make a container, to be started by start", 1, 1);
    }

    @Override
    int run(RuntimeCall call, List<String> arguments) throws InterruptedException {
        new NewContainer(call, call.id(arguments.getFirst()), container).leaveBehind();
        return SUCCESS;
    }

    /** What {@code create} and {@code run} have in common. */
    static final class CreateOptions {
        final Option<String> bundle;
        final Option<String> consoleSocket;
        final Option<String> pidFile;
        final Option<Boolean> noPivot;
        final Option<Boolean> noNewKeyring;
        final Option<Integer> preserveFds;

        CreateOptions(hako.door.Options options) {
            bundle = options.text("bundle", 'b', "DIR", "The bundle's directory, if not the current one");
            consoleSocket = options.text("console-socket", "SOCKET", "Who gets the other end of its terminal");
            pidFile = options.text("pid-file", "FILE", "Where its pid goes");
            noPivot = options.flag("no-pivot", "Taken, and without effect: the root is the guest's");
            noNewKeyring = options.flag("no-new-keyring", "Taken, and without effect");
            preserveFds = options.value("preserve-fds", "NUMBER", "Not supported", 0, Integer::valueOf);
        }
    }
}
