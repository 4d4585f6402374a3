package hako.image;

import hako.spec.Descriptor;
import hako.spec.Descriptor.Platform;
import hako.spec.ImageIndex;
import hako.spec.MediaTypes;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Which of an index's images fits (image-spec, image-index.md). Names as Go has them. */
public final class Platforms {
    /** What guests run. */
    public static final Platform DEFAULT =
            new Platform(System.getProperty("os.arch").equals("aarch64") ? "arm64" : "amd64", "linux", null);

    private Platforms() {}

    /** {@code linux/amd64}, {@code linux/arm64/v8}, or the architecture alone. */
    public static Platform parse(String text) {
        String[] parts = text.split("/", -1);
        for (String part : parts) {
            if (!part.matches("[A-Za-z0-9_.-]+")) {
                throw ImageException.invalid("platform \"" + text + "\" is not of the form linux/amd64");
            }
        }
        return switch (parts.length) {
            case 1 -> new Platform(parts[0], "linux", null);
            case 2 -> new Platform(parts[1], parts[0], null);
            case 3 -> new Platform(parts[1], parts[0], parts[2]);
            default -> throw ImageException.invalid("platform \"" + text + "\" is not of the form linux/amd64");
        };
    }

    static String text(Platform platform) {
        return platform.os() + "/" + platform.architecture()
                + (platform.variant() == null ? "" : "/" + platform.variant());
    }

    static boolean isIndex(@Nullable String mediaType) {
        return MediaTypes.INDEX.equals(mediaType) || MediaTypes.DOCKER_MANIFEST_LIST.equals(mediaType);
    }

    /** The first that fits; an entry that does not say what it runs on fits if it is alone. */
    static Descriptor choose(ImageIndex index, Platform wanted, String subject) {
        List<Descriptor> manifests = index.manifests();
        for (Descriptor manifest : manifests) {
            Platform platform = manifest.platform();
            if (platform != null
                    && platform.os().equals(wanted.os())
                    && platform.architecture().equals(wanted.architecture())
                    && (wanted.variant() == null || wanted.variant().equals(platform.variant()))) {
                return manifest;
            }
        }
        if (manifests.size() == 1 && manifests.getFirst().platform() == null) {
            return manifests.getFirst();
        }
        List<String> there = manifests.stream()
                .map(Descriptor::platform)
                .filter(Objects::nonNull)
                .map(Platforms::text)
                .filter(text -> !text.startsWith("unknown/"))
                .distinct()
                .toList();
        throw ImageException.notFound("%s: there is none for platform %s; there is: %s"
                .formatted(subject, text(wanted), there.isEmpty() ? "none" : String.join(", ", there)));
    }
}
