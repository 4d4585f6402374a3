package hako.sandbox;

import hako.agent.v1.Rootfs;
import hako.agent.v1.Storage;
import hako.base.HakoException;
import hako.storage.ScratchDisk;
import hako.vm.Device;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * A root file system on disks: the image, read-only, below what the container writes.
 *
 * @param image id of the one disk, in the VM
 * @param scratch of the other
 */
record BlockRoot(String image, String scratch) {
    /** Of the container that a sandbox was made for. */
    static final BlockRoot FIRST = new BlockRoot("root", "scratch");

    /** Of one that joins it; ids of disks are 20 characters at most. */
    static BlockRoot joining(String containerId) {
        String shortId = ContainerId.shortened(containerId);
        return new BlockRoot("root-" + shortId, "scratch-" + shortId);
    }

    Device.Disk imageDisk(Path file) {
        return new Device.Disk(image, file, true);
    }

    Device.Disk scratchDisk(Path file) {
        return new Device.Disk(scratch, file, false);
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
    List<Storage> storages() {
        return List.of(imageStorage(), scratchStorage());
    }

    /** The image, then memory to write to. */
    List<Storage> storagesInMemory() {
        return List.of(
                imageStorage(),
                Storage.newBuilder()
                        .setTmpfs(true)
                        .setTarget(scratchStorage().getTarget())
                        .build());
    }

    /** The image under the writable one. */
    Rootfs rootfs() {
        return Rootfs.newBuilder()
                .addLower(imageStorage().getTarget())
                .setUpper(scratchStorage().getTarget())
                .build();
    }

    private Storage imageStorage() {
        return Storage.newBuilder()
                .setDiskSerial(image)
                .setFstype("erofs")
                .addOptions("ro")
                .setTarget(GuestSpec.STORAGE + "/" + image)
                .build();
    }

    private Storage scratchStorage() {
        return Storage.newBuilder()
                .setDiskSerial(scratch)
                .setFstype("ext4")
                .addAllOptions(ScratchDisk.MOUNT_OPTIONS)
                .setTarget(GuestSpec.STORAGE + "/" + scratch)
                .build();
    }
}
