package hako.sandbox;

import hako.agent.v1.Rootfs;
import hako.agent.v1.Storage;
import hako.base.HakoException;
import hako.storage.ScratchDisk;
import hako.vm.Device;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** A root file system on disks: the image, read-only, below what the container writes. */
final class BlockRoot {
    private static final String IMAGE = "root";
    private static final String SCRATCH = "scratch";

    private BlockRoot() {}

    static Device.Disk image(Path file) {
        return new Device.Disk(IMAGE, file, true);
    }

    static Device.Disk scratch(Path file) {
        return new Device.Disk(SCRATCH, file, false);
    }

    /** Makes the file of one, which must not exist. */
    static void makeScratch(Node node, Path file) {
        try {
            node.scratch().create(file);
        } catch (IOException e) {
            throw new HakoException(
                    HakoException.Kind.RESOURCES, HakoException.Code.NO_SPACE, "make " + file + ": " + e, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new HakoException(
                    HakoException.Kind.USER, HakoException.Code.UNAVAILABLE, "make " + file + ": interrupted", e);
        }
    }

    /** The image, then the writable disk. */
    static List<Storage> storages() {
        return List.of(imageStorage(), scratchStorage());
    }

    /** The image, then memory to write to. */
    static List<Storage> storagesInMemory() {
        return List.of(
                imageStorage(),
                Storage.newBuilder()
                        .setTmpfs(true)
                        .setTarget(scratchStorage().getTarget())
                        .build());
    }

    /** The image under the writable one. */
    static Rootfs rootfs() {
        return Rootfs.newBuilder()
                .addLower(imageStorage().getTarget())
                .setUpper(scratchStorage().getTarget())
                .build();
    }

    private static Storage imageStorage() {
        return Storage.newBuilder()
                .setDiskSerial(IMAGE)
                .setFstype("erofs")
                .addOptions("ro")
                .setTarget(GuestSpec.STORAGE + "/" + IMAGE)
                .build();
    }

    private static Storage scratchStorage() {
        return Storage.newBuilder()
                .setDiskSerial(SCRATCH)
                .setFstype("ext4")
                .addAllOptions(ScratchDisk.MOUNT_OPTIONS)
                .setTarget(GuestSpec.STORAGE + "/" + SCRATCH)
                .build();
    }
}
