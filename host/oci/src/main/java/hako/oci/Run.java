package hako.oci;

import hako.door.Option;
import java.util.List;

/** {@code hako-runtime run}: create, start and, unless it is to run in the background, delete. */
final class Run extends Verb {
    private final CreateOptions container = new CreateOptions(options());
    private final Option<Boolean> detach = options().flag("detach", 'd', "Do not wait for it");
    private final Option<Boolean> keep = options().flag("keep", "Do not delete it when it has ended");
    private final Option<Boolean> noSubreaper = options().flag("no-subreaper", "Taken, and without effect");

    Run() {
        super("run", "CONTAINER", "Make a container and start it", 1, 1);
    }

    @Override
    int run(RuntimeCall call, List<String> arguments) throws InterruptedException {
        NewContainer made = new NewContainer(call, call.id(arguments.getFirst()), container);
        if (!detach.value()) {
            return made.attend(!keep.value());
        }
        RuntimeContainer left = new RuntimeContainer(made.leaveBehind());
        try {
            left.start(call.caller().pid());
            new BundleHooks(left, call.caller().files()).started();
        } catch (RuntimeException | InterruptedException e) {
            left.destroy(call.caller().files());
            throw e;
        }
        return SUCCESS;
    }
}
