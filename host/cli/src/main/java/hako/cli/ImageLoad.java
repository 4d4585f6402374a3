package hako.cli;

import hako.base.HakoException;
import hako.door.Option;
import hako.door.Printable;
import hako.image.Image;
import java.io.BufferedInputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** {@code hako image load}. */
final class ImageLoad extends Verb {
    private final Option<String> input =
            options().text("input", 'i', "PATH", "An archive, or the directory of an image layout; otherwise: stdin");
    private final Option<Boolean> quiet = options().flag("quiet", 'q', "Say nothing");

    ImageLoad() {
        super("image load", "[PATH]", "Take images from an archive of docker save, or from an OCI image layout", 0, 1);
    }

    @Override
    int run(Call call, List<String> arguments) {
        String source = input.given() || arguments.isEmpty() ? input.value() : arguments.getFirst();
        List<Image> images = source.isEmpty() || source.equals("-") ? fromStdin(call) : fromPath(call, source);
        if (!quiet.value()) {
            images.forEach(image -> call.out()
                    .println(
                            image.references().isEmpty()
                                    ? "Loaded image ID: " + image.id()
                                    : "Loaded image: " + Printable.line(image.name())));
        }
        return SUCCESS;
    }

    private static List<Image> fromStdin(Call call) {
        if (call.caller().stdinIsTerminal()) {
            throw HakoException.user(
                    HakoException.Code.INVALID_ARGUMENT,
                    "requested load from stdin, but stdin is a terminal: give an archive with -i, or redirect one");
        }
        return call.services()
                .images()
                .load(new BufferedInputStream(call.caller().stdin()));
    }

    private static List<Image> fromPath(Call call, String source) {
        Path path = call.caller().path(source);
        if (!Files.exists(path)) {
            throw HakoException.user(
                    HakoException.Code.NOT_FOUND, "open %s: no such file or directory".formatted(source));
        }
        return call.services().images().load(path);
    }
}
