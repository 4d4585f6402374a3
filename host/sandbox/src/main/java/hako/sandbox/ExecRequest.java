package hako.sandbox;

import java.util.List;

/**
 * One more process in a running container.
 *
 * @param environment {@code K=V}, added to the container's own
 * @param workingDirectory empty: the container's own
 * @param user as {@link ContainerRequest#user}; empty: the container's own
 */
public record ExecRequest(
        List<String> command,
        List<String> environment,
        String workingDirectory,
        String user,
        boolean terminal,
        boolean openStdin) {}
