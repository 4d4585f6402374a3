package hako.oci;

import hako.door.Json;
import hako.door.Option;
import java.util.List;

/**
 * {@code hako-runtime ps}. A manager that asks for JSON goes on with the pids on this host: it gets those of the processes that
 * stand for the container's. A person sees the pids of the guest.
 */
final class Ps extends Verb {
    private final Option<String> format = Formats.option(options());

    Ps() {
        super("ps", "CONTAINER [PS OPTIONS]", "Show the processes of a container", 1, MANY);
    }

    @Override
    public boolean mixed() {
        return false;
    }

    @Override
    int run(RuntimeCall call, List<String> arguments) {
        RuntimeContainer container = call.container(arguments.getFirst());
        if (format.value().equals(Formats.JSON)) {
            call.out().println(Json.line(container.hostPids()));
            return SUCCESS;
        }
        call.out().println("PID");
        container.guestPids().forEach(call.out()::println);
        return SUCCESS;
    }
}
