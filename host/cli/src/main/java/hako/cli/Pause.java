package hako.cli;

import java.util.List;

/** {@code hako pause}. */
final class Pause extends Verb {
    Pause() {
        super("pause", "CONTAINER...", "Freeze all processes of containers", 1, MANY);
    }

    @Override
    int run(Call call, List<String> arguments) throws InterruptedException {
        return call.each(arguments, name -> {
            call.container(name).pause();
            return name;
        });
    }
}
