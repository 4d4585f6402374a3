package hako.sandbox;

import hako.spec.ProcessSpec.ConsoleSize;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One more process in a running container.
 *
 * @param environment {@code K=V}, added to the container's own
 * @param workingDirectory empty: the container's own
 * @param user as {@link ContainerRequest#user}; empty: the container's own
 * @param consoleSize of its terminal as it begins; null: not known
 */
public record ExecRequest(
        List<String> command,
        List<String> environment,
        String workingDirectory,
        String user,
        boolean terminal,
        @Nullable ConsoleSize consoleSize,
        boolean openStdin) {}
