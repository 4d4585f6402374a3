package hako.oci;

import hako.door.Json;
import hako.door.Option;
import hako.door.Printable;
import java.util.List;

/** {@code hako-runtime list}. */
final class ListContainers extends Verb {
    private final Option<Boolean> quiet = options().flag("quiet", 'q', "Only the ids");
    private final Option<String> format = Formats.option(options());

    ListContainers() {
        super("list", "", "List the containers of this root", 0, 0);
    }

    @Override
    int run(RuntimeCall call, List<String> arguments) {
        List<RuntimeContainer> all = RuntimeContainer.all(
                call.services().sandboxes(), call.options().root.value());
        if (quiet.value()) {
            all.forEach(container -> call.out().println(container.id()));
        } else if (format.value().equals(Formats.JSON)) {
            call.out()
                    .println(Json.line(all.stream().map(RuntimeContainer::state).toList()));
        } else {
            table(call, all);
        }
        return SUCCESS;
    }

    private static void table(RuntimeCall call, List<RuntimeContainer> all) {
        String row = "%-" + width(all) + "s   %-7s   %-8s   %-30s   %-24s   %s%n";
        call.out().printf(row, "ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER");
        for (RuntimeContainer container : all) {
            call.out()
                    .printf(
                            row,
                            container.id(),
                            container.pid(),
                            container.status(),
                            Printable.line(container.bundle()),
                            container.createdAt(),
                            "root");
        }
    }

    private static int width(List<RuntimeContainer> all) {
        return all.stream().mapToInt(container -> container.id().length()).max().orElse(0) + 2;
    }
}
