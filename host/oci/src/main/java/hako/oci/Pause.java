package hako.oci;

import java.util.List;

/** {@code hako-runtime pause}. */
final class Pause extends Verb {
    Pause() {
        super("pause", "CONTAINER", "Suspend all processes of a container", 1, 1);
    }

    @Override
    int run(RuntimeCall call, List<String> arguments) {
        call.container(arguments.getFirst()).pause();
        return SUCCESS;
    }
}
