package hako.image;

import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The name of an image, {@code registry/repository:tag@digest}, read as Docker reads it: a first part without dot, colon
 * and other than {@code localhost} is no registry but belongs to Docker Hub's repository, where official images live
 * below {@code library/}; without tag and digest the tag is {@code latest}. Always normalised and valid.
 */
public record ImageReference(
        String registry,
        String repository,
        @Nullable String tag,
        @Nullable Digest digest) {
    static final String DEFAULT_REGISTRY = "docker.io";
    private static final String OFFICIAL = "library/";
    private static final String DEFAULT_TAG = "latest";
    private static final int MAX_NAME = 255;

    // distribution-spec, spec.md, Pulling manifests: <name> and <reference>
    private static final Pattern REPOSITORY =
            Pattern.compile("[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*)*");
    private static final Pattern TAG = Pattern.compile("[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}");
    private static final Pattern REGISTRY =
            Pattern.compile("([a-zA-Z0-9]([a-zA-Z0-9.-]*[a-zA-Z0-9])?|\\[[0-9a-fA-F:]+\\])(:[0-9]{1,5})?");

    public ImageReference {
        check(REGISTRY.matcher(registry).matches(), registry, "registry");
        check(repository.length() <= MAX_NAME && REPOSITORY.matcher(repository).matches(), repository, "repository");
        check(tag == null || TAG.matcher(tag).matches(), String.valueOf(tag), "tag");
        if (tag == null && digest == null) {
            tag = DEFAULT_TAG;
        }
    }

    public static ImageReference parse(String text) {
        if (text.isBlank()) {
            throw ImageException.invalid("an image name is empty");
        }
        String rest = text;
        Digest digest = null;
        int at = rest.indexOf('@');
        if (at >= 0) {
            digest = Digest.of(rest.substring(at + 1));
            rest = rest.substring(0, at);
        }
        String tag = null;
        int colon = rest.lastIndexOf(':');
        if (colon > rest.lastIndexOf('/')) {
            tag = rest.substring(colon + 1);
            rest = rest.substring(0, colon);
        }
        int slash = rest.indexOf('/');
        if (slash > 0 && isRegistry(rest.substring(0, slash))) {
            return new ImageReference(registry(rest.substring(0, slash)), rest.substring(slash + 1), tag, digest)
                    .official();
        }
        return new ImageReference(DEFAULT_REGISTRY, rest, tag, digest).official();
    }

    /** Empty where the text could not be the name of an image; it may be part of an id. */
    static Optional<ImageReference> tryParse(String text) {
        try {
            return Optional.of(parse(text));
        } catch (ImageException e) {
            return Optional.empty();
        }
    }

    private static boolean isRegistry(String first) {
        return first.equals("localhost")
                || first.indexOf('.') >= 0
                || first.indexOf(':') >= 0
                || !first.equals(first.toLowerCase(Locale.ROOT));
    }

    private static String registry(String name) {
        return name.equals("index.docker.io") ? DEFAULT_REGISTRY : name;
    }

    private ImageReference official() {
        return registry.equals(DEFAULT_REGISTRY) && repository.indexOf('/') < 0
                ? new ImageReference(registry, OFFICIAL + repository, tag, digest)
                : this;
    }

    /** As people write it: without Docker Hub's name. */
    public String familiar() {
        if (!registry.equals(DEFAULT_REGISTRY)) {
            return toString();
        }
        String name = repository.startsWith(OFFICIAL) ? repository.substring(OFFICIAL.length()) : repository;
        // A single part that looks like a registry would not read back.
        return name.indexOf('/') > 0 && isRegistry(name.substring(0, name.indexOf('/'))) ? toString() : name + suffix();
    }

    /** What a registry is asked for: the digest where there is one. */
    String manifestName() {
        return digest != null ? digest.toString() : String.valueOf(tag);
    }

    private String suffix() {
        return (tag == null ? "" : ":" + tag) + (digest == null ? "" : "@" + digest);
    }

    /** In full; the name under which it stands in the store's index. */
    @Override
    public String toString() {
        return registry + "/" + repository + suffix();
    }

    private static void check(boolean valid, String part, String what) {
        if (!valid) {
            throw ImageException.invalid("\"" + part + "\" is not a valid " + what + " in the name of an image");
        }
    }
}
