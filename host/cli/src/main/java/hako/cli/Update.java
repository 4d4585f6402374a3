package hako.cli;

import hako.base.HakoException;
import hako.base.HakoException.Code;
import hako.spec.LinuxResources;
import java.util.List;
import java.util.Map;

/** {@code hako update}. */
final class Update extends Verb {
    private final Limits limits = new Limits(options());

    Update() {
        super("update", "CONTAINER...", "Change the limits of containers that run", 1, MANY);
    }

    @Override
    int run(Call call, List<String> arguments) throws InterruptedException {
        if (!limits.given()) {
            throw HakoException.user(Code.INVALID_ARGUMENT, "update: give a limit: --memory, --cpus or --pids-limit");
        }
        LinuxResources wanted =
                new LinuxResources(List.of(), limits.memory(), limits.cpu(), limits.pids(), null, List.of(), Map.of());
        return call.each(arguments, name -> {
            call.container(name).update(wanted);
            return name;
        });
    }
}
