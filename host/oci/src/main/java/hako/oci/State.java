package hako.oci;

import hako.door.Json;
import java.util.List;

/** {@code hako-runtime state}. */
final class State extends Verb {
    State() {
        super("state", "CONTAINER", "Print the state of a container", 1, 1);
    }

    @Override
    int run(RuntimeCall call, List<String> arguments) {
        call.out().println(Json.pretty(call.container(arguments.getFirst()).state()));
        return SUCCESS;
    }
}
