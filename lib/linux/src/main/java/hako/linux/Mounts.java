package hako.linux;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Mounts of this process's mount namespace: {@code mount(2)}, {@code umount2(2)}, {@code open_tree(2)}, {@code move_mount(2)},
 * {@code mount_setattr(2)}.
 */
public final class Mounts {
    // include/uapi/linux/mount.h
    public static final long MS_RDONLY = 1;
    public static final long MS_NOSUID = 2;
    public static final long MS_NODEV = 4;
    public static final long MS_NOEXEC = 8;
    private static final long MS_PRIVATE = 1 << 18;
    private static final long MS_SHARED = 1 << 20;
    private static final int MNT_DETACH = 2;
    private static final int UMOUNT_NOFOLLOW = 8;
    private static final int AT_EMPTY_PATH = 0x1000;
    private static final int AT_RECURSIVE = 0x8000;
    private static final int OPEN_TREE_CLONE = 1;
    private static final int MOVE_MOUNT_F_EMPTY_PATH = 4;
    private static final long MOUNT_ATTR_RDONLY = 1;
    private static final long MOUNT_ATTR_NOSUID = 2;
    private static final long MOUNT_ATTR_NODEV = 4;
    private static final int MOUNT_ATTR_SIZE = 32;

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
     * Shows {@code source}, a directory or a file, with all mounted below it, at {@code target}. There, set-user-id bits
     * give nobody anything and device files open nothing: a guest may have made them. What is mounted or unmounted below
     * {@code source} later does not show; below {@code target} it does, also in the copies of it that other mount namespaces
     * have.
     */
    public static void bind(Path source, Path target, ReadOnly readOnly) {
        String what = "bind " + source + " on " + target;
        try (Arena arena = Arena.ofConfined();
                Fd tree = copy(arena, source, what)) {
            change(arena, tree, AT_RECURSIVE, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, MS_PRIVATE, what);
            switch (readOnly) {
                case NOTHING -> {}
                case TOP -> change(arena, tree, 0, MOUNT_ATTR_RDONLY, 0, what);
                case ALL -> change(arena, tree, AT_RECURSIVE, MOUNT_ATTR_RDONLY, 0, what);
            }
            change(arena, tree, AT_RECURSIVE, 0, MS_SHARED, what);
            long empty = arena.allocateFrom("").address();
            long place = arena.allocateFrom(target.toString()).address();
            Syscall.check(
                    Syscall.call(Syscall.MOVE_MOUNT, tree.number(), empty, Fd.CWD, place, MOVE_MOUNT_F_EMPTY_PATH),
                    "move_mount",
                    what);
        }
    }

    /** Attached nowhere. */
    private static Fd copy(Arena arena, Path source, String what) {
        long path = arena.allocateFrom(source.toString()).address();
        int flags = OPEN_TREE_CLONE | AT_RECURSIVE | Fd.O_CLOEXEC;
        return Fd.own((int) Syscall.check(Syscall.call(Syscall.OPEN_TREE, Fd.CWD, path, flags), "open_tree", what));
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

    /** Unmounts, lazily, whatever is mounted at or below {@code directory}, the last mounted first. */
    public static void unmountAll(Path directory) {
        List<MountPoint> all = below(directory);
        for (MountPoint mount : all.reversed()) {
            unmount(mount.path(), true);
        }
    }

    /** Whether something is mounted exactly here; false if nothing is here at all. */
    public static boolean isMountPoint(Path path) {
        return Stat.isMountRoot(path);
    }

    /** What is mounted at or below {@code directory}, in the order it was mounted. */
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

    /** @param depth {@code AT_RECURSIVE}: also of all below it */
    private static void change(Arena arena, Fd tree, int depth, long attributes, long propagation, String what) {
        // struct mount_attr { u64 attr_set, attr_clr, propagation, userns_fd }
        MemorySegment change = arena.allocate(MOUNT_ATTR_SIZE, 8);
        change.set(Syscall.LONG, 0, attributes);
        change.set(Syscall.LONG, 16, propagation);
        long empty = arena.allocateFrom("").address();
        int flags = AT_EMPTY_PATH | depth;
        Syscall.check(
                Syscall.call(Syscall.MOUNT_SETATTR, tree.number(), empty, flags, change.address(), MOUNT_ATTR_SIZE),
                "mount_setattr",
                what);
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
