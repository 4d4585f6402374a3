package hako.storage;

import java.nio.file.Path;
import java.util.List;

/** A container's root, or the read-only part of it, ready to be given to a VM. */
public sealed interface RootFilesystem {
    /** One EROFS image with the whole tree: plugged as a read-only disk. It belongs to the image store. */
    record Block(Path image) implements RootFilesystem {}

    /**
     * Directories in the form of overlayfs (whiteouts as character devices 0:0), the image store's: shared by virtiofs and stacked in the
     * guest, or stacked on the host.
     *
     * @param directories the uppermost first, at least one
     */
    record Layers(List<Path> directories) implements RootFilesystem {
        public Layers {
            directories = List.copyOf(directories);
            if (directories.isEmpty()) {
                throw new IllegalArgumentException("a root filesystem without layers");
            }
        }
    }

    /** The whole tree as somebody else has prepared it, an OCI bundle's: shared as it is, and written to. */
    record Directory(Path path) implements RootFilesystem {}
}
