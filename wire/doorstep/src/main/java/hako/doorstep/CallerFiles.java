package hako.doorstep;

import hako.base.HakoException;
import hako.linux.Fd;
import hako.linux.HostFiles;
import hako.linux.LinuxException;
import hako.linux.MountNamespace;
import hako.linux.MountTree;
import hako.linux.SafePath;
import java.io.IOException;
import java.nio.file.Path;
import java.util.function.Supplier;

/**
 * The files that a caller's paths mean to it. Where its mount namespace or root is not ours, the kernel resolves a path below
 * the root's descriptor, as it would for the caller, and from then on there is a descriptor and no path. The namespace is only
 * entered to be allowed to copy what that descriptor shows, and the kernel refuses what is of any other namespace: a pid that meanwhile
 * is another process's leads to no other files. Threads: any, while the call lasts.
 */
final class CallerFiles implements HostFiles {
    private final CallerPaths paths;
    private final long pid;
    private final Fd root;

    CallerFiles(CallerPaths paths, long pid, Fd root) {
        this.paths = paths;
        this.pid = pid;
        this.root = root;
    }

    @Override
    public Path real(Path path) throws IOException {
        if (paths.shared()) {
            return paths.path(path.toString()).toRealPath();
        }
        try (Fd file = open(path)) {
            return paths.named(file);
        } catch (LinuxException e) {
            throw e.toIoException();
        }
    }

    @Override
    public Fd open(Path path) {
        if (paths.shared()) {
            return Fd.open(paths.path(path.toString()), Fd.O_PATH, 0);
        }
        try (SafePath below = SafePath.below(root)) {
            return below.open(path.toString(), Fd.O_PATH);
        }
    }

    @Override
    public MountTree tree(Path path) {
        if (paths.shared()) {
            return MountTree.copy(paths.path(path.toString()));
        }
        try (Fd file = open(path)) {
            return within(() -> MountTree.copy(file, path.toString()));
        }
    }

    @Override
    public <T> T within(Supplier<T> work) {
        if (paths.shared()) {
            return work.get();
        }
        try (Fd namespace = namespace()) {
            return MountNamespace.run(namespace, root, work::get);
        } catch (LinuxException e) {
            throw e.call().equals("setns") ? refused(e) : e;
        }
    }

    private Fd namespace() {
        try {
            return Fd.open(Path.of("/proc", Long.toString(pid), "ns/mnt"), Fd.O_RDONLY, 0);
        } catch (LinuxException e) {
            throw refused(e);
        }
    }

    private static HakoException refused(LinuxException reason) {
        return new HakoException(
                HakoException.Kind.USER,
                HakoException.Code.UNSUPPORTED,
                "the caller's files cannot be shared with a VM: hakod has no rights in its mount namespace: "
                        + reason.getMessage(),
                reason);
    }
}
