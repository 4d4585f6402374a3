package hako.oci;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Which start of the host this is. Managers expect no containers after one: what they made before is for them gone, though
 * its record is kept.
 */
final class Boot {
    private static final Path ID = Path.of("/proc/sys/kernel/random/boot_id");

    private Boot() {}

    static String id() {
        try {
            return Files.readString(ID).strip();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
