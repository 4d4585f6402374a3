package hako.cli;

import hako.doorstep.Caller;
import hako.image.Credentials;
import hako.image.Image;
import hako.image.ImageReference;
import hako.image.Platforms;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/**
 * Fetches an image in front of a caller: with the caller's credentials, showing how far it is.
 *
 * @param shown where progress goes
 */
record Pull(Call call, PrintStream shown) {
    private static final int LARGEST_FILE = 1 << 20;

    /** @param platform empty: this host's */
    Image image(ImageReference reference, String platform) {
        shown.println("%s: Pulling from %s"
                .formatted(reference.tag() == null ? reference.digest() : reference.tag(), reference.repository()));
        try (PullProgress progress = new PullProgress(shown, call.caller().stderrIsTerminal())) {
            return call.services()
                    .images()
                    .pull(
                            reference,
                            platform.isEmpty() ? Platforms.DEFAULT : Platforms.parse(platform),
                            credentials(call.caller()),
                            call.services().registries(),
                            progress);
        }
    }

    /** Of the caller's {@code ~/.docker/config.json}, where there is one. */
    private static Credentials credentials(Caller caller) {
        String directory = caller.environment().getOrDefault("DOCKER_CONFIG", "");
        String home = caller.environment().getOrDefault("HOME", "");
        if (directory.isEmpty() && home.isEmpty()) {
            return Credentials.NONE;
        }
        Path file = caller.path((directory.isEmpty() ? home + "/.docker" : directory) + "/config.json");
        try {
            if (Files.size(file) > LARGEST_FILE) {
                throw new IOException("larger than 1 MiB");
            }
            return Credentials.dockerConfig(Files.readAllBytes(file), caller.environment());
        } catch (NoSuchFileException e) {
            return Credentials.NONE;
        } catch (IOException e) {
            throw Failures.reading(file.toString(), e);
        }
    }
}
