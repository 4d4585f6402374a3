package hako.oci;

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
}
