package hako.oci;

import java.util.List;

/** {@code hako-runtime start}. */
final class Start extends Verb {
    Start() {
        super("start", "CONTAINER", "Start the program of a container that was made by create", 1, 1);
    }

    @Override
    int run(RuntimeCall call, List<String> arguments) throws InterruptedException {
        RuntimeContainer container = call.container(arguments.getFirst());
        container.start(call.caller().pid());
        new BundleHooks(container, call.caller().files()).started();
        return SUCCESS;
    }
}
