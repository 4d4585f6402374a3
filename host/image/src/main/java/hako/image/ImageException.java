package hako.image;

import hako.base.HakoException;
import org.jspecify.annotations.Nullable;

/** What goes wrong with images: the message names the image, the entry or the registry. */
public final class ImageException extends HakoException {
    private static final long serialVersionUID = 1;

    public ImageException(Kind kind, Code code, String message) {
        this(kind, code, message, null);
    }

    public ImageException(Kind kind, Code code, String message, @Nullable Throwable cause) {
        super(kind, code, message, cause);
    }

    static ImageException invalid(String message) {
        return new ImageException(Kind.USER, Code.INVALID_ARGUMENT, message);
    }

    static ImageException notFound(String message) {
        return new ImageException(Kind.USER, Code.NOT_FOUND, message);
    }

    /** The bytes are not what their digest, size or format promise. */
    static ImageException corrupt(String message) {
        return new ImageException(Kind.EXTERNAL, Code.CORRUPT, message);
    }

    /** The image asks for what no honest image needs, or for more than is allowed. */
    static ImageException refused(String message) {
        return new ImageException(Kind.USER, Code.UNSUPPORTED, message);
    }

    static ImageException noSpace(String action, @Nullable Throwable cause) {
        return new ImageException(
                Kind.RESOURCES,
                Code.NO_SPACE,
                action + ": no space left on device; free some space or remove images",
                cause);
    }
}
