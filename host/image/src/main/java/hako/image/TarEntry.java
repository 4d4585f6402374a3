package hako.image;

import java.time.Instant;
import java.util.List;
import java.util.Map;

/**
 * One member of an archive, as it is written there: nothing here is to be trusted.
 *
 * @param name as written; a directory's may end in a slash
 * @param linkName target of a symbolic link, or name of the earlier member of a hard link; else empty
 * @param sizeBytes of the file that results; of a sparse one, with its holes
 * @param segments where the stored data lie in a sparse file; empty: all of it, in order
 * @param attributes extended attributes worth keeping
 */
record TarEntry(
        String name,
        Type type,
        String linkName,
        int mode,
        int uid,
        int gid,
        long sizeBytes,
        Instant modified,
        List<Segment> segments,
        Map<String, byte[]> attributes) {

    enum Type {
        FILE,
        HARD_LINK,
        SYMBOLIC_LINK,
        CHARACTER_DEVICE,
        BLOCK_DEVICE,
        DIRECTORY,
        FIFO
    }

    /** Data of a sparse file. */
    record Segment(long offset, long length) {}

    boolean isDevice() {
        return type == Type.CHARACTER_DEVICE || type == Type.BLOCK_DEVICE;
    }
}
