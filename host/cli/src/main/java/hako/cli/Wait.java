package hako.cli;

import java.util.List;
import java.util.concurrent.ExecutionException;

/** {@code hako wait}. */
final class Wait extends Verb {
    Wait() {
        super("wait", "CONTAINER...", "Wait for containers to end, then print their exit codes", 1, MANY);
    }

    @Override
    int run(Call call, List<String> arguments) throws InterruptedException {
        return call.each(arguments, name -> {
            try {
                return String.valueOf(call.container(name).init().exited().get().code());
            } catch (ExecutionException e) {
                throw new IllegalStateException(e.getCause());
            }
        });
    }
}
