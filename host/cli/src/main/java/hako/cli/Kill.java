package hako.cli;

import hako.door.Option;
import hako.door.Signals;
import java.util.List;

/** {@code hako kill}. */
final class Kill extends Verb {
    private final Option<Integer> signal =
            options().value("signal", 's', "SIGNAL", "What to send (default KILL)", Signals.SIGKILL, Signals::number);

    Kill() {
        super("kill", "CONTAINER...", "Send containers a signal", 1, MANY);
    }

    @Override
    int run(Call call, List<String> arguments) throws InterruptedException {
        return call.each(arguments, name -> {
            call.container(name).kill(signal.value());
            return name;
        });
    }
}
