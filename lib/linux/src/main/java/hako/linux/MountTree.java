package hako.linux;

import hako.linux.Mounts.ReadOnly;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A copy of a directory or a file with all that is mounted below it, mounted nowhere yet: {@code open_tree(2)}, {@code
 * mount_setattr(2)}, {@code move_mount(2)}. Threads: any.
 */
public final class MountTree implements AutoCloseable {
    // include/uapi/linux/mount.h, fcntl.h
    private static final int AT_EMPTY_PATH = 0x1000;
    private static final int AT_RECURSIVE = 0x8000;
    private static final int OPEN_TREE_CLONE = 1;
    private static final int MOVE_MOUNT_F_EMPTY_PATH = 4;
    private static final long MOUNT_ATTR_RDONLY = 1;
    private static final long MOUNT_ATTR_NOSUID = 2;
    private static final long MOUNT_ATTR_NODEV = 4;
    private static final int MOUNT_ATTR_SIZE = 32;
    private static final long MS_PRIVATE = 1 << 18;
    private static final long MS_SHARED = 1 << 20;

    private final Fd tree;
    private final String source;

    private MountTree(Fd tree, String source) {
        this.tree = tree;
        this.source = source;
    }

    /** Of what a path leads to. */
    public static MountTree copy(Path source) {
        return copy(Fd.CWD, source.toString(), 0, source.toString());
    }

    /**
     * Of an open file, which may be open for names only. It must lie in the mount namespace of this thread.
     *
     * @param name for messages
     */
    public static MountTree copy(Fd source, String name) {
        return copy(source.number(), "", AT_EMPTY_PATH, name);
    }

    private static MountTree copy(int directory, String path, int more, String name) {
        try (Arena arena = Arena.ofConfined()) {
            long text = arena.allocateFrom(path).address();
            int flags = OPEN_TREE_CLONE | AT_RECURSIVE | Fd.O_CLOEXEC | more;
            long tree = Syscall.call(Syscall.OPEN_TREE, directory, text, flags);
            return new MountTree(Fd.own((int) Syscall.check(tree, "open_tree", "copy the mount of " + name)), name);
        }
    }

    /** Leads to its top, in this process, until it is closed. */
    public Path path() {
        return tree.path();
    }

    public boolean isDirectory() {
        return Files.isDirectory(path());
    }

    /**
     * Mounts it, once, in the mount namespace of this thread. There, set-user-id bits give nobody anything and device files
     * open nothing: a guest may have made them. What is mounted or unmounted below its source later does not show; below {@code target} it does, also in
     * the copies of it that other mount namespaces have.
     */
    public void attach(Path target, ReadOnly readOnly) {
        String what = "bind " + source + " on " + target;
        try (Arena arena = Arena.ofConfined()) {
            change(arena, AT_RECURSIVE, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, MS_PRIVATE, what);
            switch (readOnly) {
                case NOTHING -> {}
                case TOP -> change(arena, 0, MOUNT_ATTR_RDONLY, 0, what);
                case ALL -> change(arena, AT_RECURSIVE, MOUNT_ATTR_RDONLY, 0, what);
            }
            change(arena, AT_RECURSIVE, 0, MS_SHARED, what);
            long empty = arena.allocateFrom("").address();
            long place = arena.allocateFrom(target.toString()).address();
            Syscall.check(
                    Syscall.call(Syscall.MOVE_MOUNT, tree.number(), empty, Fd.CWD, place, MOVE_MOUNT_F_EMPTY_PATH),
                    "move_mount",
                    what);
        }
    }

    /** @param depth {@code AT_RECURSIVE}: also of all below it */
    private void change(Arena arena, int depth, long attributes, long propagation, String what) {
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

    @Override
    public void close() {
        tree.close();
    }
}
