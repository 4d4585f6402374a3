package hako.cli;

import hako.door.Json;
import hako.door.Printable;
import hako.sandbox.ContainerId;
import hako.sandbox.ContainerRecord;
import hako.sandbox.ContainerState;
import hako.spec.ProcessSpec;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** A container as {@code ps} shows it, in Docker's words. */
record ContainerRow(ContainerRecord record, ContainerState state, Instant now) {
    private static final int COMMAND_WIDTH = 20;

    String id() {
        return ContainerId.shortened(record.id());
    }

    /** Quoted, as one line. */
    String command() {
        ProcessSpec process = record.spec().process();
        return '"' + (process == null ? "" : Printable.line(String.join(" ", process.args()))) + '"';
    }

    String shortCommand() {
        String command = command();
        return command.codePointCount(0, command.length()) <= COMMAND_WIDTH
                ? command
                : command.substring(0, command.offsetByCodePoints(0, COMMAND_WIDTH - 2)) + "…\"";
    }

    String created() {
        return Ago.since(record.createdAt(), now);
    }

    String status() {
        return switch (state) {
            case ContainerState.Creating() -> "Being created";
            case ContainerState.Created() -> "Created";
            case ContainerState.Running(Instant at) -> "Up " + Ago.span(java.time.Duration.between(at, now));
            case ContainerState.Paused(Instant at) ->
                "Up " + Ago.span(java.time.Duration.between(at, now)) + " (Paused)";
            case ContainerState.Stopped(Instant _, var exit) ->
                "Exited (%d) %s%s"
                        .formatted(
                                exit.code(),
                                Ago.since(exit.at(), now),
                                exit.oomKilled()
                                        ? " (out of memory)"
                                        : exit.reason().isEmpty() ? "" : " (failed)");
        };
    }

    String ports() {
        return record.ports().stream().map(Ports::published).collect(Collectors.joining(", "));
    }

    /** The members of {@code docker ps --format json}. */
    Map<String, @Nullable Object> json() {
        return Json.object(
                "ID", id(),
                "Names", record.name(),
                "Image", record.image(),
                "Command", command(),
                "CreatedAt", record.createdAt(),
                "RunningFor", created(),
                "State", state.label(),
                "Status", status(),
                "Ports", ports(),
                "Networks", record.networkMode(),
                "Labels",
                        record.labels().entrySet().stream()
                                .map(label -> label.getKey() + "=" + label.getValue())
                                .collect(Collectors.joining(",")));
    }

    /** @param full ids and commands as long as they are */
    static String table(List<ContainerRow> rows, boolean full) {
        Table table = new Table("CONTAINER ID", "IMAGE", "COMMAND", "CREATED", "STATUS", "PORTS", "NAMES");
        for (ContainerRow row : rows) {
            table.row(
                    full ? row.record.id() : row.id(),
                    row.record.image(),
                    full ? row.command() : row.shortCommand(),
                    row.created(),
                    row.status(),
                    row.ports(),
                    row.record.name());
        }
        return table.text();
    }
}
