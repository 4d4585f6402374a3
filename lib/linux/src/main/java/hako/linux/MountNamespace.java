package hako.linux;

import java.lang.foreign.Arena;
import java.util.concurrent.Callable;

/**
 * Other mount namespaces. A thread that entered one is thrown away: work there is done by a platform thread of its own, which
 * has parted with the directories that threads of a process share. See {@code mount_namespaces(7)}, {@code setns(2)}.
 */
public final class MountNamespace {
    // include/uapi/linux/sched.h
    private static final int CLONE_FS = 0x200;
    private static final int CLONE_NEWNS = 0x20000;

    private static final long MS_REC = 1 << 14;
    private static final long MS_PRIVATE = 1 << 18;

    private MountNamespace() {}

    /**
     * Runs {@code work} where paths mean what they do in a namespace, below a root directory there, and returns what it
     * returns. What {@code work} starts sees the same.
     *
     * @param namespace a descriptor of its file
     * @param root of that namespace: the kernel refuses any other
     * @throws LinuxException {@code EPERM}: this process has no rights there; {@code EINVAL}: the root is of another namespace
     */
    public static <T> T run(Fd namespace, Fd root, Callable<T> work) {
        return OwnThread.call("mount-namespace", () -> {
            String what = "enter the mount namespace of " + namespace;
            Syscall.check(Syscall.call(Syscall.UNSHARE, CLONE_FS), "unshare", what);
            Syscall.check(Syscall.call(Syscall.SETNS, namespace.number(), CLONE_NEWNS), "setns", what);
            MountTree.copy(root, "the root").close(); // only what is of this namespace can be copied here
            Syscall.check(Syscall.call(Syscall.FCHDIR, root.number()), "fchdir", what);
            try (Arena arena = Arena.ofConfined()) {
                long here = arena.allocateFrom(".").address();
                Syscall.check(Syscall.call(Syscall.CHROOT, here), "chroot", what);
            }
            return work.call();
        });
    }

    /** Runs {@code work} in a copy of this thread's namespace: what it mounts shows to nobody else, and goes with the last in it. */
    public static <T> T runInCopy(Callable<T> work) {
        return OwnThread.call("mount-namespace", () -> {
            String what = "copy the mount namespace";
            Syscall.check(Syscall.call(Syscall.UNSHARE, CLONE_NEWNS), "unshare", what);
            try (Arena arena = Arena.ofConfined()) {
                long top = arena.allocateFrom("/").address();
                Syscall.check(Syscall.call(Syscall.MOUNT, 0, top, 0, MS_REC | MS_PRIVATE, 0), "mount", what);
            }
            return work.call();
        });
    }
}
