package hako.doorstep;

import java.nio.file.Path;
import java.util.List;

/**
 * The files of a container, as a process that stays shows them to whoever joins its mount namespace: nothing else of the host.
 *
 * @param binds what is mounted in it, in order; a place that it does not have is left out
 */
public record View(Path root, boolean readOnly, List<Bind> binds) {
    public View {
        binds = List.copyOf(binds);
    }

    /** @param destination from the root */
    public record Bind(Path source, String destination, boolean readOnly) {}
}
