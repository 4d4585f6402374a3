package hako.oci;

import hako.door.Option;
import java.util.List;
import java.util.Optional;

/** {@code hako-runtime delete}. */
final class Delete extends Verb {
    private final Option<Boolean> force = options().flag("force", 'f', "Kill it first; one that is not there is fine");

    Delete() {
        super("delete", "CONTAINER", "Give back everything a stopped container holds", 1, 1);
    }

    @Override
    int run(RuntimeCall call, List<String> arguments) throws InterruptedException {
        Optional<RuntimeContainer> found =
                RuntimeContainer.find(call.services().sandboxes(), call.id(arguments.getFirst()));
        if (found.isPresent()) {
            found.get().delete(force.value(), call.caller().files());
            return SUCCESS;
        }
        RuntimeContainer.forgetEarlier(call.services().sandboxes(), call.id(arguments.getFirst()));
        if (!force.value()) {
            call.container(arguments.getFirst());
        }
        return SUCCESS;
    }
}
