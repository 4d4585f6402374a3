package hako.oci;

import hako.base.HakoException;
import hako.base.HakoException.Code;
import hako.base.HakoException.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/** What {@code --pid-file} names: whole from the moment it is there. */
final class PidFile {
    private PidFile() {}

    static void write(Path path, long pid) {
        Path half = path.resolveSibling("." + path.getFileName());
        try {
            Files.writeString(half, String.valueOf(pid));
            Files.move(half, path, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new HakoException(Kind.USER, Code.INVALID_ARGUMENT, "write the pid file " + path + ": " + e, e);
        }
    }
}
