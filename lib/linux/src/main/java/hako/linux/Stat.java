package hako.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/**
 * What {@code statx(2)} says of an open file.
 *
 * @param mode type and permission bits
 * @param deviceMajor of the device a device node stands for
 * @param deviceMinor of the same
 */
record Stat(int mode, int links, int uid, int gid, long size, int deviceMajor, int deviceMinor) {
    private static final int AT_EMPTY_PATH = 0x1000;
    private static final int STATX_BASIC_STATS = 0x7ff;

    // struct statx, include/uapi/linux/stat.h
    private static final int SIZE = 256;
    private static final int NLINK = 16;
    private static final int UID = 20;
    private static final int GID = 24;
    private static final int MODE = 28;
    private static final int LENGTH = 40;
    private static final int RDEV_MAJOR = 128;
    private static final int RDEV_MINOR = 132;
    private static final int ATTRIBUTES = 8;
    private static final long STATX_ATTR_MOUNT_ROOT = 0x2000;
    private static final int AT_SYMLINK_NOFOLLOW = 0x100;

    // File types within the mode.
    private static final int S_IFMT = 0xF000;
    static final int S_IFIFO = 0x1000;
    static final int S_IFCHR = 0x2000;
    static final int S_IFDIR = 0x4000;
    static final int S_IFREG = 0x8000;
    static final int S_IFLNK = 0xA000;
    static final int S_IFSOCK = 0xC000;

    /** One of the {@code S_IF} constants. */
    int type() {
        return mode & S_IFMT;
    }

    static boolean isMountRoot(Path path) {
        try (Arena arena = Arena.ofConfined()) {
            long name = arena.allocateFrom(path.toString()).address();
            MemorySegment s = arena.allocate(SIZE, 8);
            long result = Syscall.call(Syscall.STATX, Fd.CWD, name, AT_SYMLINK_NOFOLLOW, 0, s.address());
            if (result == -Errno.ENOENT || result == -Errno.ENOTDIR) {
                return false;
            }
            Syscall.check(result, "statx", "stat " + path);
            return (s.get(Syscall.LONG, ATTRIBUTES) & STATX_ATTR_MOUNT_ROOT) != 0;
        }
    }

    static Stat of(Fd fd) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment empty = arena.allocateFrom("");
            MemorySegment s = arena.allocate(SIZE, 8);
            Syscall.check(
                    fd.with(n -> Syscall.call(
                            Syscall.STATX, n, empty.address(), AT_EMPTY_PATH, STATX_BASIC_STATS, s.address())),
                    "statx",
                    "stat " + fd);
            return new Stat(
                    s.get(Syscall.SHORT, MODE) & 0xFFFF,
                    s.get(Syscall.INT, NLINK),
                    s.get(Syscall.INT, UID),
                    s.get(Syscall.INT, GID),
                    s.get(Syscall.LONG, LENGTH),
                    s.get(Syscall.INT, RDEV_MAJOR),
                    s.get(Syscall.INT, RDEV_MINOR));
        }
    }
}
