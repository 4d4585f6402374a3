package hako.storage;

import hako.base.HakoException;
import org.jspecify.annotations.Nullable;

/** What goes wrong with disks and file system images. */
public final class StorageException extends HakoException {
    private static final long serialVersionUID = 1;

    public StorageException(Kind kind, Code code, String message, @Nullable Throwable cause) {
        super(kind, code, message, cause);
    }

    static StorageException noSpace(String message) {
        return new StorageException(Kind.RESOURCES, Code.NO_SPACE, message, null);
    }
}
