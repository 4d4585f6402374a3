package hako.linux;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Mounts of this process's mount namespace: {@code mount(2)}, {@code umount2(2)}. */
public final class Mounts {
    // include/uapi/linux/mount.h
    public static final long MS_RDONLY = 1;
    public static final long MS_NOSUID = 2;
    public static final long MS_NODEV = 4;
    public static final long MS_NOEXEC = 8;
    private static final int MNT_DETACH = 2;
    private static final int UMOUNT_NOFOLLOW = 8;

    private static final Path MOUNTINFO = Path.of("/proc/self/mountinfo");

    private Mounts() {}

    /**
     * {@code mount(2)}.
     *
     * @param data the filesystem's options; empty for none; less than 4096 bytes
     */
    public static void mount(String source, Path target, String type, long flags, String data) {
        mount(source, target, type, flags, data, "mount " + type + " " + source + " on " + target);
    }

    /** What of a mount and those below it cannot be written to. */
    public enum ReadOnly {
        NOTHING,
        /** The mount, and not those below it. */
        TOP,
        ALL
    }

    /** Read-only throughout, or not. */
    public static void bind(Path source, Path target, boolean readOnly) {
        bind(source, target, readOnly ? ReadOnly.ALL : ReadOnly.NOTHING);
    }

    /**
     * Shows {@code source}, a directory or a file, with all mounted below it, at {@code target}, as {@link MountTree#attach}
     * says.
     */
    public static void bind(Path source, Path target, ReadOnly readOnly) {
        try (MountTree tree = MountTree.copy(source)) {
            tree.attach(target, readOnly);
        }
    }

    /**
     * An overlay of directories; without {@code upper} a read-only one. As with {@link #bind}, set-user-id bits and devices
     * mean nothing there. See Documentation/filesystems/overlayfs.rst.
     *
     * @param lower uppermost first
     */
    public static void overlay(List<Path> lower, @Nullable Path upper, @Nullable Path work, Path target) {
        if (upper == null && lower.size() == 1) {
            // An overlay needs two layers.
            bind(lower.getFirst(), target, true);
            return;
        }
        try (OverlayOptions options = OverlayOptions.of(lower, upper, work)) {
            mount("overlay", target, "overlay", MS_NOSUID | MS_NODEV, options.text(), "mount overlay on " + target);
        }
    }

    /** @param lazy takes it out of the tree at once, and lets it go when its last user is gone */
    public static void unmount(Path target, boolean lazy) {
        try (Arena arena = Arena.ofConfined()) {
            long path = arena.allocateFrom(target.toString()).address();
            Syscall.check(
                    Syscall.call(Syscall.UMOUNT2, path, UMOUNT_NOFOLLOW | (lazy ? MNT_DETACH : 0)),
                    "umount2",
                    "unmount " + target);
        }
    }

    /** Unmounts, lazily, whatever is mounted at or below {@code directory}, the lowest first. */
    public static void unmountAll(Path directory) {
        below(directory).stream()
                .map(MountPoint::path)
                .sorted(Comparator.comparing(Path::getNameCount).reversed())
                .forEach(path -> unmount(path, true));
    }

    /** Whether something is mounted exactly here; false if nothing is here at all. */
    public static boolean isMountPoint(Path path) {
        return Stat.isMountRoot(path);
    }

    /** What is mounted at or below {@code directory}, in no order: the kernel's is that in which mounts were made, not attached. */
    public static List<MountPoint> below(Path directory) {
        Path base = directory.toAbsolutePath().normalize();
        return list().stream().filter(m -> m.path().startsWith(base)).toList();
    }

    /** All mounts of this namespace. */
    public static List<MountPoint> list() {
        try {
            return Files.readString(MOUNTINFO, StandardCharsets.UTF_8)
                    .lines()
                    .map(MountPoint::parse)
                    .toList();
        } catch (IOException e) {
            throw new LinuxException("read", "read " + MOUNTINFO + " (" + e.getMessage() + ")", Errno.EIO);
        }
    }

    private static void mount(
            @Nullable String source,
            Path target,
            @Nullable String type,
            long flags,
            @Nullable String data,
            String what) {
        try (Arena arena = Arena.ofConfined()) {
            Syscall.check(
                    Syscall.call(
                            Syscall.MOUNT,
                            pointer(arena, source),
                            pointer(arena, target.toString()),
                            pointer(arena, type),
                            flags,
                            pointer(arena, data)),
                    "mount",
                    what);
        }
    }

    private static long pointer(Arena arena, @Nullable String text) {
        return text == null || text.isEmpty() ? 0 : arena.allocateFrom(text).address();
    }
}
