package hako.cli;

import hako.base.HakoException;
import hako.door.Printable;
import hako.spec.MountSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Function;
import java.util.regex.Pattern;

/** What {@code -v SRC:DST[:ro]} mounts. Makes the source where it is missing, as Docker does. One thread. */
final class Volumes {
    private static final Pattern NAME = Pattern.compile("[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}");
    /** Relabelling is for hosts with SELinux; a guest has its own labels, so it is accepted and means nothing. */
    private static final List<String> OPTIONS = List.of("ro", "rw", "z", "Z");

    private final Function<String, Path> callerPath;
    private final Path named;

    /**
     * @param callerPath a path as the caller means it, usable here
     * @param named directory of the volumes that have names
     */
    Volumes(Function<String, Path> callerPath, Path named) {
        this.callerPath = callerPath;
        this.named = named;
    }

    MountSpec mount(String text) {
        String[] parts = text.split(":", -1);
        if (parts.length < 2 || parts.length > 3 || parts[0].isEmpty() || parts[1].isEmpty()) {
            throw invalid(text, "write it as SRC:DST, SRC:DST:ro");
        }
        List<String> options = parts.length == 3 ? List.of(parts[2].split(",")) : List.of();
        for (String option : options) {
            if (!OPTIONS.contains(option)) {
                throw invalid(
                        text, "\"%s\" is none of %s".formatted(Printable.line(option), String.join(", ", OPTIONS)));
            }
        }
        String destination = Paths.absolute(parts[1]);
        if (destination.isEmpty()) {
            throw invalid(text, "\"%s\" must be an absolute path in the container".formatted(Printable.line(parts[1])));
        }
        if (destination.equals("/")) {
            throw invalid(text, "the destination can't be '/'");
        }
        return MountSpec.bind(source(text, parts[0]).toString(), destination, options.contains("ro"));
    }

    private Path source(String text, String source) {
        boolean isPath = source.startsWith("/")
                || source.startsWith("./")
                || source.startsWith("../")
                || source.equals(".")
                || source.equals("..");
        if (!isPath && !NAME.matcher(source).matches()) {
            throw invalid(
                    text,
                    "\"%s\" is neither a path (begin it with / or ./) nor the name of a volume (letters, digits, _ . -)"
                            .formatted(Printable.line(source)));
        }
        Path path = isPath ? callerPath.apply(source) : named.resolve(source);
        try {
            if (!Files.exists(path)) {
                Files.createDirectories(path);
            }
        } catch (IOException e) {
            throw Failures.file("make " + source + " for -v", e);
        }
        return lasting(path);
    }

    /** Without links and dots; a caller's path that leads through its descriptors stays as it is. */
    private static Path lasting(Path path) {
        try {
            Path real = path.toRealPath();
            return Files.isSameFile(real, path) ? real : path;
        } catch (IOException e) {
            return path;
        }
    }

    private static HakoException invalid(String text, String fact) {
        return HakoException.user(
                HakoException.Code.INVALID_ARGUMENT, "invalid volume \"%s\": %s".formatted(Printable.line(text), fact));
    }
}
