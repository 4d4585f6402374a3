package hako.cli;

import hako.door.Bytes;
import hako.door.Json;
import hako.image.Image;
import hako.image.ImageReference;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** One name of an image as {@code image ls} shows it. */
record ImageRow(Image image, String repository, String tag, Instant now) {
    private static final String NONE = "<none>";

    /** A row for each of its names. */
    static List<ImageRow> of(Image image, Instant now) {
        List<ImageRow> rows = new ArrayList<>();
        for (String name : image.references()) {
            ImageReference reference = ImageReference.parse(name);
            String tag = reference.tag();
            String familiar = reference.familiar();
            int end = familiar.indexOf('@') >= 0 ? familiar.indexOf('@') : familiar.length();
            String repository = familiar.substring(0, end);
            rows.add(new ImageRow(
                    image,
                    tag != null && repository.endsWith(":" + tag)
                            ? repository.substring(0, repository.length() - tag.length() - 1)
                            : repository,
                    tag == null ? NONE : tag,
                    now));
        }
        if (rows.isEmpty()) {
            rows.add(new ImageRow(image, NONE, NONE, now));
        }
        return rows;
    }

    String created() {
        String created = image.created();
        try {
            return created == null ? "N/A" : Ago.since(Instant.parse(created), now);
        } catch (DateTimeParseException e) {
            return "N/A";
        }
    }

    String id(boolean full) {
        return full ? image.id().toString() : image.shortId();
    }

    /** The members of {@code docker image ls --format json}. */
    Map<String, @Nullable Object> json() {
        return Json.object(
                "ID", image.shortId(),
                "Repository", repository,
                "Tag", tag,
                "Digest", image.manifest().toString(),
                "CreatedAt", image.created(),
                "CreatedSince", created(),
                "Size", Bytes.decimal(image.sizeBytes()));
    }

    static String table(List<ImageRow> rows, boolean full) {
        Table table = new Table("REPOSITORY", "TAG", "IMAGE ID", "CREATED", "SIZE");
        for (ImageRow row : rows) {
            table.row(row.repository, row.tag, row.id(full), row.created(), Bytes.decimal(row.image.sizeBytes()));
        }
        return table.text();
    }
}
