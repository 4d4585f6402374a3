package hako.cli;

import hako.door.Option;
import hako.sandbox.Container;
import hako.sandbox.ContainerState;
import java.util.List;

/** {@code hako ps}. */
final class Ps extends Verb {
    private final Option<Boolean> all = options().flag("all", 'a', "Show all containers, not only running ones");
    private final Option<Boolean> quiet = options().flag("quiet", 'q', "Only the ids");
    private final Option<Boolean> full = options().flag("no-trunc", "Do not cut anything short");
    private final Option<Format> format = Format.option(options());

    Ps() {
        super("ps", "", "List containers", 0, 0);
    }

    @Override
    int run(Call call, List<String> arguments) {
        List<ContainerRow> rows = call.services().sandboxes().containers().stream()
                .map(container -> row(container, call))
                .filter(row -> all.value() || isUp(row.state()))
                .toList();
        if (quiet.value()) {
            rows.forEach(row -> call.out().println(full.value() ? row.record().id() : row.id()));
        } else {
            format.value()
                    .print(
                            call.out(),
                            () -> ContainerRow.table(rows, full.value()),
                            rows.stream().map(ContainerRow::json).toList());
        }
        return SUCCESS;
    }

    private static ContainerRow row(Container container, Call call) {
        return new ContainerRow(container.record(), container.state(), call.now());
    }

    private static boolean isUp(ContainerState state) {
        return switch (state) {
            case ContainerState.Running(var _), ContainerState.Paused(var _) -> true;
            case ContainerState.Creating(), ContainerState.Created(), ContainerState.Stopped(var _, var _) -> false;
        };
    }
}
