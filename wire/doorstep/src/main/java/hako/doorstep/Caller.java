package hako.doorstep;

import hako.base.HakoException;
import hako.linux.Fd;
import hako.linux.HostFiles;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Whoever executed {@code hako}: a process on this host, perhaps in a mount namespace or root directory of its own. All
 * that is handed out belongs to the call and is closed when it ends, which is when {@link #exit} is called or whoever
 * serves the call returns. Threads: any.
 *
 * <p>Listeners run one at a time for each kind, on a thread of the call's. What came before a listener was set is handed to
 * it when it is set.
 */
public interface Caller {
    /** As executed: the first is the program's name. */
    List<String> arguments();

    Map<String, String> environment();

    /** In the daemon's PID namespace. */
    long pid();

    /** For names only ({@code O_PATH}). */
    Fd workingDirectory();

    /** For names only ({@code O_PATH}). */
    Fd root();

    /**
     * A path as the caller means it. Where caller and daemon see the same files, it is that absolute path, good for ever;
     * otherwise it leads through {@link #root}'s descriptor, symbolic links resolved as the caller would, and is good while
     * the call lasts and in this process only ({@link #sharesFiles}). Nothing needs to exist there.
     *
     * @throws HakoException {@code INVALID_ARGUMENT} for what no path can be
     */
    Path path(String path);

    /** Whether the caller's root and mount namespace are the daemon's. */
    boolean sharesFiles();

    /** A path made absolute, as the caller names it: for {@link #files}, and for the caller. */
    Path name(String path);

    /** What the caller's absolute paths mean, wherever it lives. Good while the call lasts. */
    HostFiles files();

    /** Closing it closes {@link #stdinFd}. Reads park a virtual thread; the call's end or an interrupt ends them. */
    InputStream stdin();

    /** Unbuffered. Writes park a virtual thread; the call's end or an interrupt ends them. */
    OutputStream stdout();

    /** As {@link #stdout}. */
    OutputStream stderr();

    /**
     * Has the caller write to standard output (1) or error (2), and returns when it has. Unlike what goes through
     * {@link #stdout}, this comes exactly once though the daemon be killed: {@link #written} tells the next one.
     *
     * @param position what {@link #written} says from then on
     * @throws IOException the stream is closed, or the caller gone
     */
    void write(int descriptor, byte[] bytes, long position) throws IOException, InterruptedException;

    /** The position given with the last {@link #write} that reached the caller, also from an earlier daemon; at first 0. */
    long written();

    /**
     * Has the caller read its standard input, and waits for it. The caller keeps what it gave until it is asked for what
     * follows, also by the next daemon.
     *
     * @param offset in bytes: the end of what was read before, or its beginning
     * @return some bytes; none: the input has ended
     * @throws IOException the caller is gone
     */
    byte[] read(long offset) throws IOException, InterruptedException;

    /** Where a {@link #read} of an earlier daemon began of which it is not known whether it was passed on; at first 0. */
    long unread();

    Fd stdinFd();

    Fd stdoutFd();

    Fd stderrFd();

    boolean stdinIsTerminal();

    boolean stdoutIsTerminal();

    boolean stderrIsTerminal();

    /** Of the caller's terminal now; 0 where there is none. */
    int rows();

    /** Of the caller's terminal now; 0 where there is none. */
    int columns();

    /** Signals to the caller, by number. */
    void onSignal(IntConsumer listener);

    /** The caller's terminal has another size. */
    void onResize(Resize listener);

    /** The caller was killed, or broke the protocol. Not called once the call has ended. */
    void onGone(Runnable listener);

    /** What {@link #keep} was given before the daemon was killed; empty for a new call. */
    String token();

    /** Should the daemon end before this call, the caller calls the next daemon with this token; empty: no more. */
    void keep(String token);

    /**
     * Has the caller leave a process behind, which stands for a container when the caller has ended: a fork of it in a
     * session of its own, that keeps its streams and calls with this token, as if the daemon had been replaced.
     *
     * @param command what it is shown to execute, behind its program's name; empty: as the caller was called
     * @param network path of a network namespace for it, empty for a new one; null: the caller's
     * @param view what its mount namespace shows; null: that is the caller's
     * @param terminal its streams and controlling terminal; null: the caller's streams. Stays open here
     */
    void stay(String token, List<String> command, @Nullable String network, @Nullable View view, @Nullable Fd terminal);

    /** Raw mode of standard input's terminal, where it is one, on or off. It is off again when the caller ends. */
    void raw(boolean on);

    /** Ends the caller with this code, of which the low eight bits count, and the call. The first one counts. */
    void exit(int code);

    /** A new size of the caller's terminal. */
    @FunctionalInterface
    interface Resize {
        void to(int rows, int columns);
    }
}
