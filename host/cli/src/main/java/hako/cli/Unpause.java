package hako.cli;

import java.util.List;

/** {@code hako unpause}. */
final class Unpause extends Verb {
    Unpause() {
        super("unpause", "CONTAINER...", "Let all processes of paused containers run again", 1, MANY);
    }

    @Override
    int run(Call call, List<String> arguments) throws InterruptedException {
        return call.each(arguments, name -> {
            call.container(name).resume();
            return name;
        });
    }
}
