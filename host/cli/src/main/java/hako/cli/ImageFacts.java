package hako.cli;

import hako.door.Json;
import hako.image.Image;
import hako.spec.ImageConfig;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** An image as {@code inspect} shows it, in Docker's shape. */
final class ImageFacts {
    private ImageFacts() {}

    static Map<String, @Nullable Object> of(Image image) {
        ImageConfig.Execution config = image.config().execution();
        return Json.object(
                "Id", image.id().toString(),
                "RepoTags", image.references(),
                "Digest", image.manifest().toString(),
                "Created", image.created(),
                "Author", image.config().author(),
                "Architecture", image.config().architecture(),
                "Os", image.config().os(),
                "Size", image.sizeBytes(),
                "Config",
                        Json.object(
                                "User", config.user(),
                                "ExposedPorts", config.exposedPorts(),
                                "Env", config.env(),
                                "Entrypoint", config.entrypoint(),
                                "Cmd", config.cmd(),
                                "Volumes", config.volumes(),
                                "WorkingDir", config.workingDir(),
                                "Labels", config.labels(),
                                "StopSignal", config.stopSignal()),
                "RootFS", Json.object("Type", "layers", "Layers", image.config().diffIds()));
    }
}
