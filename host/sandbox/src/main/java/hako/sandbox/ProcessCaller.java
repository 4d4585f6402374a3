package hako.sandbox;

import java.io.IOException;

/**
 * The caller in front of a process. It keeps how far it has got, because it outlives the daemon: the next one goes on where
 * the last one was killed, no output twice, no input lost.
 */
public interface ProcessCaller {
    /** On this host. */
    long pid();

    /** Log position up to which it has, or will have, the output; at first 0. */
    long written();

    /**
     * Hands over output; returns when it is written.
     *
     * @param stream 0 standard output, 1 standard error
     * @param position what {@link #written} says from then on
     * @throws IOException it does not read any more
     */
    void write(int stream, byte[] bytes, long position) throws IOException, InterruptedException;

    /** Offset in its input before which everything has reached the process; at first 0. */
    long unread();

    /**
     * Waits for input.
     *
     * @param offset where the bytes read last end, or, to have them once more, where they begin
     * @return none at the end
     * @throws IOException the caller is gone
     */
    byte[] read(long offset) throws IOException, InterruptedException;
}
