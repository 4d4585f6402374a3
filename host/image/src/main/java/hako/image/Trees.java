package hako.image;

import hako.base.HakoException;
import hako.storage.Program;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Whole directory trees of any depth and any names, by the programs that are made for them. */
final class Trees {
    private static final Logger LOG = LoggerFactory.getLogger(Trees.class);
    private static final String DOOMED = ".gone-";
    private static final Duration TIMEOUT = Duration.ofMinutes(10);

    private Trees() {}

    /** No error where there is nothing. */
    static void remove(Path tree) throws IOException {
        if (Files.exists(tree, LinkOption.NOFOLLOW_LINKS)) {
            run(List.of("rm", "-rf", "--one-file-system", "--", tree.toString()));
        }
    }

    /**
     * At once out of the way, gone a while later, on a virtual thread: a file system mounted with {@code discard} takes 1 to 2
     * ms for each file, so a large layer's 44,000 take more than a minute. What a killed daemon leaves of it has a name with a
     * dot first, for the next start to remove.
     */
    static void removeLater(Path tree) throws IOException {
        Path doomed = tree.resolveSibling(DOOMED + UUID.randomUUID());
        try {
            Files.move(tree, doomed, StandardCopyOption.ATOMIC_MOVE);
        } catch (NoSuchFileException e) {
            return;
        }
        Thread.ofVirtual().name("remove-" + tree.getFileName()).start(() -> {
            try {
                remove(doomed);
            } catch (IOException | HakoException e) {
                LOG.warn("remove {}: {}; the next start tries again", doomed, e.getMessage());
            }
        });
    }

    static void removeChildrenLater(Path directory, String prefix) throws IOException {
        for (Path child : children(directory)) {
            if (child.getFileName().toString().startsWith(prefix)) {
                removeLater(child);
            }
        }
    }

    static List<Path> children(Path directory) throws IOException {
        try (var children = Files.list(directory)) {
            return children.toList();
        }
    }

    /** Everything of its file system is on the disk afterwards. */
    static void sync(Path tree) throws IOException {
        run(List.of("sync", "--file-system", tree.toString()));
    }

    static void run(List<String> command) throws IOException {
        try {
            new Program(command.getFirst(), "coreutils", TIMEOUT)
                    .run(String.join(" ", command), Path.of("/"), Map.of(), command);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException(command.getFirst());
        }
    }
}
