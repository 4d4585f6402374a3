package hako.cli;

import hako.door.Option;
import hako.image.Image;
import hako.image.ImageReference;
import java.util.List;

/** {@code hako image ls}. */
final class ImageLs extends Verb {
    private final Option<Boolean> quiet = options().flag("quiet", 'q', "Only the ids");
    private final Option<Boolean> full = options().flag("no-trunc", "Do not cut anything short");
    private final Option<Format> format = Format.option(options());

    ImageLs() {
        super("image ls", "[REPOSITORY[:TAG]]", "List images", 0, 1);
    }

    @Override
    int run(Call call, List<String> arguments) {
        List<ImageRow> rows = call.services().images().list().stream()
                .flatMap(image -> ImageRow.of(image, call.now()).stream())
                .filter(row -> arguments.isEmpty() || matches(row, arguments.getFirst()))
                .toList();
        if (quiet.value()) {
            rows.stream()
                    .map(ImageRow::image)
                    .map(Image::id)
                    .distinct()
                    .forEach(id ->
                            call.out().println(full.value() ? id : id.hex().substring(0, 12)));
        } else {
            format.value()
                    .print(
                            call.out(),
                            () -> ImageRow.table(rows, full.value()),
                            rows.stream().map(ImageRow::json).toList());
        }
        return SUCCESS;
    }

    /** Without a tag every tag matches. */
    private static boolean matches(ImageRow row, String name) {
        String familiar = ImageReference.parse(name).familiar();
        boolean tagged = name.lastIndexOf(':') > name.lastIndexOf('/');
        String repository = familiar.substring(0, Math.max(familiar.lastIndexOf(':'), 0));
        return tagged
                ? (row.repository() + ":" + row.tag()).equals(familiar)
                : row.repository().equals(repository);
    }
}
