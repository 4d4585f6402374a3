package hako.it;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** Folders for a while, their paths short enough for what lies below to be a unix socket. */
final class Temporary {
    private Temporary() {}

    static Path folder(String prefix) {
        try {
            return Files.createTempDirectory(
                    Path.of("/tmp"),
                    prefix,
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwxr-xr-x")));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static Path write(Path file, String text) {
        try {
            Files.createDirectories(file.getParent());
            return Files.writeString(file, text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static void link(Path link, Path target) {
        try {
            Files.createSymbolicLink(link, target);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Everything below the folder, relative to it; nothing when it is not there. */
    static List<Path> below(Path folder) {
        while (Files.exists(folder)) {
            try (Stream<Path> all = Files.walk(folder)) {
                return all.filter(path -> !path.equals(folder))
                        .map(folder::relativize)
                        .sorted()
                        .toList();
            } catch (IOException | UncheckedIOException e) {
                Thread.onSpinWait(); // it changes under our eyes: once more
            }
        }
        return List.of();
    }

    /** @throws AssertionError when something is mounted below: deleting would reach into what is not ours */
    static void delete(Path folder) {
        List<String> mounts = Traces.mountsBelow(folder);
        if (!mounts.isEmpty()) {
            throw new AssertionError("still mounted below " + folder + ": " + mounts);
        }
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(path);
            }
        } catch (java.nio.file.NoSuchFileException e) {
            // already gone
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
