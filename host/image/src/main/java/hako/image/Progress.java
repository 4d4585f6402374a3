package hako.image;

/** Told how far a pull is, from several threads at once. Must not block for long: the download waits. */
@FunctionalInterface
public interface Progress {
    /** Where a layer stands. */
    enum Step {
        /** Nothing to do. */
        PRESENT,
        DOWNLOADING,
        DOWNLOADED,
        UNPACKING,
        DONE
    }

    Progress NONE = (blob, step, bytes, total) -> {};

    /** @param bytes of {@code total} that are here */
    void layer(Digest blob, Step step, long bytes, long total);
}
