package hako.doorstep;

import hako.base.HakoException;
import hako.linux.Errno;
import hako.linux.Fd;
import hako.linux.HostFiles;
import hako.linux.Io;
import hako.linux.Poller;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A caller at the other end of a connection. Its server reads the frames that come; see {@link #listen}. Threads: any. */
final class DoorstepCaller implements Caller {
    private static final Logger log = LoggerFactory.getLogger(DoorstepCaller.class);

    /** More signals than this that nobody has taken are dropped, the oldest first. */
    private static final int MOST_SIGNALS = 64;

    private final Connection connection;
    private final Hello hello;
    private final Descriptors descriptors;
    private final CallerPaths paths;
    private final long pid;
    private final Poller poller;

    /** Made when first asked for: most calls read nothing. Guarded by this, as are the two below. */
    private @Nullable InputStream stdin;

    private @Nullable OutputStream stdout;
    private @Nullable OutputStream stderr;

    private final Notices<Integer> signals = new Notices<>(MOST_SIGNALS);
    private final Notices<Frame.Size> sizes = new Notices<>(1);
    private final Notices<Boolean> gone = new Notices<>(1);

    private final Question<Integer> writing = new Question<>();
    private final Question<byte[]> reading = new Question<>();

    /** The offset asked for last. */
    private volatile long readingAt;

    private volatile Frame.Size size;

    /** Takes over the connection and the descriptors. */
    DoorstepCaller(Connection connection, Hello hello, Descriptors descriptors, Poller poller) {
        this.connection = connection;
        this.hello = hello;
        this.descriptors = descriptors;
        this.pid = connection.peerPid() != 0 ? connection.peerPid() : hello.pid();
        this.paths = CallerPaths.of(pid, descriptors.root(), descriptors.workingDirectory());
        this.poller = poller;
        this.size = hello.size();
    }

    /** The call is taken: from here on it is not made again. */
    void acknowledge() {
        connection.send(Frame.ack());
    }

    /** Takes frames until the caller is gone or the call has ended. The thread of the call's events. */
    void listen() {
        try {
            while (true) {
                Frame frame = connection.receive(Frame.MOST_LATER, null);
                switch (frame.type()) {
                    case Frame.SIGNAL -> signals.add(frame.signal());
                    case Frame.WINCH -> {
                        size = frame.size();
                        sizes.add(size);
                    }
                    case Frame.WRITTEN -> writing.answer(frame.written());
                    case Frame.INPUT -> reading.answer(frame.input(readingAt));
                    default -> throw new ProtocolException("frame " + frame.type() + " after HELLO");
                }
            }
        } catch (ProtocolException e) {
            log.warn("{}: {}", this, e.getMessage());
            connection.breakOff();
        } catch (HakoException e) {
            log.debug("{}: {}", this, e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        if (!connection.isClosed()) { // by us: the caller asks the next daemon, and nothing is over
            writing.end();
            reading.end();
            gone.add(true);
        }
    }

    /** Ends the call without ending the caller, which calls again if it was given a token. Idempotent. */
    void close() {
        if (connection.close()) {
            descriptors.close();
            synchronized (this) {
                closeQuietly(stdin);
                closeQuietly(stdout);
                closeQuietly(stderr);
            }
        }
    }

    private static void closeQuietly(@Nullable Closeable stream) {
        try {
            if (stream != null) {
                stream.close();
            }
        } catch (IOException e) {
            log.debug("close a caller's stream: {}", e.getMessage());
        }
    }

    @Override
    public List<String> arguments() {
        return hello.arguments();
    }

    @Override
    public Map<String, String> environment() {
        return hello.environment();
    }

    @Override
    public long pid() {
        return pid;
    }

    @Override
    public Fd workingDirectory() {
        return descriptors.workingDirectory();
    }

    @Override
    public Fd root() {
        return descriptors.root();
    }

    @Override
    public Path path(String path) {
        return paths.path(path);
    }

    @Override
    public boolean sharesFiles() {
        return paths.shared();
    }

    @Override
    public Path name(String path) {
        return paths.name(path);
    }

    @Override
    public HostFiles files() {
        return new CallerFiles(paths, pid, descriptors.root());
    }

    @Override
    public synchronized InputStream stdin() {
        if (stdin == null) {
            stdin = Io.inputStream(descriptors.stdin(), poller);
        }
        return stdin;
    }

    @Override
    public synchronized OutputStream stdout() {
        if (stdout == null) {
            stdout = Io.outputStream(descriptors.stdout(), poller);
        }
        return stdout;
    }

    @Override
    public synchronized OutputStream stderr() {
        if (stderr == null) {
            stderr = Io.outputStream(descriptors.stderr(), poller);
        }
        return stderr;
    }

    @Override
    public void write(int descriptor, byte[] bytes, long position) throws IOException, InterruptedException {
        int errno = writing.ask(() -> connection.send(Frame.output(descriptor, bytes, position)));
        if (errno != 0) {
            throw new IOException("write to the caller: " + Errno.text(errno));
        }
    }

    @Override
    public long written() {
        return hello.written();
    }

    @Override
    public byte[] read(long offset) throws IOException, InterruptedException {
        readingAt = offset;
        return reading.ask(() -> connection.send(Frame.read(offset)));
    }

    @Override
    public long unread() {
        return hello.input();
    }

    @Override
    public Fd stdinFd() {
        return descriptors.stdin();
    }

    @Override
    public Fd stdoutFd() {
        return descriptors.stdout();
    }

    @Override
    public Fd stderrFd() {
        return descriptors.stderr();
    }

    @Override
    public boolean stdinIsTerminal() {
        return hello.isTerminal(0);
    }

    @Override
    public boolean stdoutIsTerminal() {
        return hello.isTerminal(1);
    }

    @Override
    public boolean stderrIsTerminal() {
        return hello.isTerminal(2);
    }

    @Override
    public int rows() {
        return size.rows();
    }

    @Override
    public int columns() {
        return size.columns();
    }

    @Override
    public void onSignal(IntConsumer listener) {
        signals.to(listener::accept);
    }

    @Override
    public void onResize(Resize listener) {
        sizes.to(to -> listener.to(to.rows(), to.columns()));
    }

    @Override
    public void onGone(Runnable listener) {
        gone.to(yes -> listener.run());
    }

    @Override
    public String token() {
        return hello.token();
    }

    @Override
    public void keep(String token) {
        connection.send(Frame.token(token));
    }

    @Override
    public void stay(
            String token, List<String> command, @Nullable String network, @Nullable View view, @Nullable Fd terminal) {
        connection.send(
                Frame.stay(token, command, network, view, terminal != null),
                terminal == null ? List.of() : List.of(terminal));
    }

    @Override
    public void raw(boolean on) {
        connection.send(Frame.raw(on));
    }

    @Override
    public void exit(int code) {
        connection.send(Frame.exit(code));
        close();
    }

    @Override
    public String toString() {
        return "call-" + pid;
    }
}
