package hako.storage;

import java.nio.file.Path;
import java.util.List;

/** The read-only part of a container's root, ready to be given to a VM. The files belong to the image store. */
public sealed interface RootFilesystem {
    /** One EROFS image with the whole tree: plugged as a read-only disk. */
    record Block(Path image) implements RootFilesystem {}

    /**
     * Directories in the form of overlayfs (whiteouts as character devices 0:0): shared by virtiofs and stacked in the
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
}
