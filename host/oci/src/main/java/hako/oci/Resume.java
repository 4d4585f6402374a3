package hako.oci;

import java.util.List;

/** {@code hako-runtime resume}. */
final class Resume extends Verb {
    Resume() {
        super("resume", "CONTAINER", "Have the processes of a paused container go on", 1, 1);
    }

    @Override
    int run(RuntimeCall call, List<String> arguments) {
        call.container(arguments.getFirst()).resume();
        return SUCCESS;
    }
}
