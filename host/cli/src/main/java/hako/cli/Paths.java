package hako.cli;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;

/** Paths inside a container. */
final class Paths {
    private Paths() {}

    /** Without {@code .} and {@code ..}; empty when it is not absolute. */
    static String absolute(String path) {
        try {
            return path.startsWith("/") ? Path.of(path).normalize().toString() : "";
        } catch (InvalidPathException e) {
            return "";
        }
    }
}
