package hako.cli;

import hako.base.HakoException;
import hako.base.HakoException.Code;
import hako.door.Option;
import java.util.List;

/** {@code hako rm}. */
final class Rm extends Verb {
    private final Option<Boolean> force =
            options().flag("force", 'f', "Kill those that run; none of that name is no failure");
    /** Docker's; the volumes it means, those without a name, are part of the container here. */
    @SuppressWarnings("unused")
    private final Option<Boolean> volumes = options().flag("volumes", 'v', "Also volumes without a name (always so)");

    Rm() {
        super("rm", "CONTAINER...", "Remove containers, with what they have written", 1, MANY);
    }

    @Override
    int run(Call call, List<String> arguments) throws InterruptedException {
        call.signals().hold(() -> {});
        return call.each(arguments, name -> {
            try {
                call.container(name).remove(force.value());
            } catch (HakoException e) {
                if (!force.value() || e.code() != Code.NOT_FOUND) {
                    throw e;
                }
            }
            return name;
        });
    }
}
