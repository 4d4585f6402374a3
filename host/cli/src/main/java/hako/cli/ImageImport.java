package hako.cli;

import hako.base.HakoException;
import hako.door.Option;
import hako.image.Image;
import hako.spec.ImageConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;

/** {@code hako image import}. */
final class ImageImport extends Verb {
    private final Option<List<String>> changes = options()
            .list(
                    "change",
                    'c',
                    "INSTRUCTION",
                    "As in a Dockerfile: CMD, ENTRYPOINT, ENV, WORKDIR, USER, LABEL, STOPSIGNAL");

    ImageImport() {
        super("image import", "DIRECTORY|TARBALL|- NAME[:TAG]", "Make an image of a root filesystem", 2, 2);
    }

    @Override
    int run(Call call, List<String> arguments) throws IOException {
        ImageConfig.Execution config = new ImageChanges(changes.value()).execution();
        String source = arguments.getFirst();
        if (source.equals("-")) {
            Path spooled = Files.createTempFile(call.services().state(), "import-", ".tar");
            try {
                Files.copy(call.caller().stdin(), spooled, StandardCopyOption.REPLACE_EXISTING);
                return imported(call, spooled, arguments.get(1), config);
            } finally {
                Files.deleteIfExists(spooled);
            }
        }
        Path path = call.caller().path(source);
        if (!Files.exists(path)) {
            throw HakoException.user(
                    HakoException.Code.NOT_FOUND, "open %s: no such file or directory".formatted(source));
        }
        return imported(call, path, arguments.get(1), config);
    }

    private static int imported(Call call, Path source, String name, ImageConfig.Execution config) {
        Image image = call.services().images().importRoot(source, name, config);
        call.out().println(image.id());
        return SUCCESS;
    }
}
