package hako.cli;

import hako.door.Option;
import java.util.List;

/** {@code hako image rm}. */
final class ImageRm extends Verb {
    private final Option<Boolean> force = options().flag("force", 'f', "Also if a container uses it");

    ImageRm() {
        super("image rm", "IMAGE...", "Remove images", 1, MANY);
    }

    @Override
    int run(Call call, List<String> arguments) throws InterruptedException {
        return call.each(
                arguments, name -> String.join("\n", call.services().images().remove(name, force.value())));
    }
}
