package hako.linux;

import java.io.IOException;
import java.nio.file.Path;
import java.util.function.Supplier;

/** The files that absolute paths mean to somebody on this host: to this process, or to one in a mount namespace or root of its own. */
public interface HostFiles {
    HostFiles OURS = new HostFiles() {
        @Override
        public Path real(Path path) throws IOException {
            return path.toRealPath();
        }

        @Override
        public Fd open(Path path) {
            return Fd.open(path, Fd.O_PATH, 0);
        }

        @Override
        public MountTree tree(Path path) {
            return MountTree.copy(path);
        }

        @Override
        public <T> T within(Supplier<T> work) {
            return work.get();
        }
    };

    /**
     * The same without symbolic links.
     *
     * @throws IOException it is not there
     */
    Path real(Path path) throws IOException;

    /** For its name only ({@code O_PATH}). Symbolic links are followed. */
    Fd open(Path path);

    /** A copy of what a path leads to, to be mounted where this process sees it. Symbolic links are followed. */
    MountTree tree(Path path);

    /** Does work to which paths mean these files, also to the programs it starts. */
    <T> T within(Supplier<T> work);
}
