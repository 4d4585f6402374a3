package hako.sandbox;

import hako.base.HakoException;
import hako.base.HakoException.Code;
import hako.linux.Mounts;
import hako.vm.Device;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * The one folder of the host that a sandbox sees, served to its guest by one process. Whatever is shared (a volume, a
 * root filesystem) is bound below it, so the guest reaches exactly that and nothing beside it. One thread.
 *
 * <pre>
 *   RUN/sandboxes/ID/shared/v0     a volume
 *   RUN/sandboxes/ID/shared/root   overlay of an image's layers
 * </pre>
 */
final class SharedFolder {
    /** The virtiofs tag, and the name of the folder in the guest. */
    static final String TAG = "shared";

    static final String GUEST_PATH = GuestSpec.STORAGE + "/" + TAG;

    private final Path directory;
    private boolean used;

    SharedFolder(Path sandboxDirectory) {
        directory = sandboxDirectory.resolve(TAG);
    }

    /** Shares a file or directory; the path under which the guest sees it. */
    String bind(String name, Path source, boolean readOnly) {
        try {
            Path target = directory.resolve(name);
            if (Files.isDirectory(source)) {
                Files.createDirectories(target);
            } else {
                Files.createDirectories(directory);
                Files.createFile(target);
            }
            Mounts.bind(source, target, readOnly);
        } catch (IOException e) {
            throw new HakoException(HakoException.Kind.RESOURCES, Code.INTERNAL, "share " + source + ": " + e, e);
        }
        used = true;
        return GUEST_PATH + "/" + name;
    }

    /** Shares the overlay of an image's layers with a writable directory on top; the guest's path. */
    String overlay(String name, List<Path> lower, Path upper, Path work) {
        Path target = directory.resolve(name);
        try {
            Files.createDirectories(target);
            Files.createDirectories(upper);
            Files.createDirectories(work);
        } catch (IOException e) {
            throw new HakoException(HakoException.Kind.RESOURCES, Code.INTERNAL, "share " + target + ": " + e, e);
        }
        Mounts.overlay(lower, upper, work, target);
        used = true;
        return GUEST_PATH + "/" + name;
    }

    boolean used() {
        return used;
    }

    Device device() {
        return new Device.SharedDirectory(TAG, directory);
    }

    /**
     * Takes everything out of the folder that was bound into it, then the sandbox's directory. Volumes are the user's:
     * as long as one is still mounted below, nothing is deleted.
     */
    static void remove(Path sandboxDirectory) {
        Mounts.unmountAll(sandboxDirectory);
        if (!Mounts.below(sandboxDirectory).isEmpty()) {
            throw new HakoException(
                    HakoException.Kind.INTERNAL,
                    Code.INTERNAL,
                    "remove " + sandboxDirectory + ": something is still mounted below it");
        }
        Checkpoints.deleteTree(sandboxDirectory);
    }
}
