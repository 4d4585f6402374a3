package hako.oci;

import hako.base.HakoException;
import hako.base.HakoException.Code;
import hako.door.Option;
import hako.door.Signals;
import java.util.List;

/** {@code hako-runtime kill}. */
final class Kill extends Verb {
    private final Option<Boolean> all = options().flag("all", 'a', "Send it to every process of the container");

    Kill() {
        super("kill", "CONTAINER [SIGNAL]", "Send a container a signal (default TERM)", 1, 2);
    }

    @Override
    int run(RuntimeCall call, List<String> arguments) {
        RuntimeContainer container = call.container(arguments.getFirst());
        container.kill(arguments.size() > 1 ? signal(arguments.get(1)) : Signals.SIGTERM, all.value());
        return SUCCESS;
    }

    private static int signal(String text) {
        if (text.equals("0")) { // only asks
            return 0;
        }
        try {
            return Signals.number(text);
        } catch (IllegalArgumentException e) {
            throw new HakoException(
                    HakoException.Kind.USER, Code.INVALID_ARGUMENT, "unknown signal \"%s\"".formatted(text), e);
        }
    }
}
