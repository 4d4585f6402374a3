package hako.cli;

import hako.door.Option;
import hako.image.Image;
import hako.image.ImageReference;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** {@code hako image pull}. */
final class ImagePull extends Verb {
    private final Option<String> platform =
            options().text("platform", "OS/ARCH", "Not the host's own, e.g. linux/arm64");
    private final Option<Boolean> quiet = options().flag("quiet", 'q', "Only the name, in the end");

    ImagePull() {
        super("image pull", "NAME[:TAG|@DIGEST]", "Fetch an image from a registry", 1, 1);
    }

    @Override
    int run(Call call, List<String> arguments) throws InterruptedException {
        PrintStream progress = quiet.value()
                ? new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8)
                : call.err();
        ImageReference reference = ImageReference.parse(arguments.getFirst());
        Image image = new Pull(call, progress).image(reference, platform.value());
        if (!quiet.value()) {
            call.out().println("Digest: " + image.manifest());
        }
        call.out().println(reference);
        return SUCCESS;
    }
}
