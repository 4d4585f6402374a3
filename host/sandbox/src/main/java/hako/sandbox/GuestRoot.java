package hako.sandbox;

import hako.agent.v1.Rootfs;
import hako.agent.v1.Storage;
import hako.linux.Mounts.ReadOnly;
import hako.sandbox.SandboxConfig.Writable;
import hako.storage.RootFilesystem;
import hako.vm.Device;
import java.nio.file.Path;
import java.util.List;

/** A container's root file system: the disks it lies on, how the guest mounts them, and what it makes of the mounts. */
record GuestRoot(List<Device> disks, List<Storage> storages, Rootfs rootfs) {
    /** Makes what must be made for it on the host. */
    static GuestRoot make(Creation creation, BlockRoot disks, SharedFolder shared) {
        ContainerRequest request = creation.request();
        return switch (request.root()) {
            case RootFilesystem.Block(Path image) -> onDisks(creation, disks, image);
            case RootFilesystem.Layers(List<Path> lower) -> {
                Path writable = creation.directory();
                yield inFolder(
                        shared.overlay(request.id(), lower, writable.resolve("upper"), writable.resolve("work")));
            }
            case RootFilesystem.Directory(Path path) ->
                inFolder(shared.bind(request.id(), request.files(), path, ReadOnly.NOTHING)
                        .guestPath());
        };
    }

    private static GuestRoot inFolder(String path) {
        return new GuestRoot(
                List.of(), List.of(), Rootfs.newBuilder().addLower(path).build());
    }

    private static GuestRoot onDisks(Creation creation, BlockRoot root, Path image) {
        Device.Disk disk = root.imageDisk(image);
        boolean writable = !creation.request().isReadOnly();
        if (creation.node().config().writable() == Writable.DISK && writable) {
            BlockRoot.makeScratch(creation.node(), creation.scratch());
            return new GuestRoot(List.of(disk, root.scratchDisk(creation.scratch())), root.storages(), root.rootfs());
        }
        return new GuestRoot(List.of(disk), root.storagesInMemory(), root.rootfs());
    }
}
