package hako.fakes;

import hako.doorstep.Caller;
import hako.doorstep.View;
import hako.linux.Fd;
import hako.linux.HostFiles;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/** A caller in memory: the test is its terminal. */
public final class FakeCaller implements Caller {
    public final Map<String, String> environment = new HashMap<>();
    public final ByteArrayOutputStream written = new ByteArrayOutputStream();
    public final ByteArrayOutputStream complained = new ByteArrayOutputStream();
    public final CompletableFuture<Integer> exited = new CompletableFuture<>();
    public final List<String> tokens = new java.util.concurrent.CopyOnWriteArrayList<>();
    /** Tokens of the processes it has left behind. */
    public final List<String> stays = new java.util.concurrent.CopyOnWriteArrayList<>();

    public final List<Boolean> raws = new java.util.concurrent.CopyOnWriteArrayList<>();

    public InputStream stdin = new ByteArrayInputStream(new byte[0]);
    public OutputStream stdout = written;
    public boolean terminal;
    public volatile long delivered;
    public int rows;
    public int columns;
    public String token = "";
    public Path directory = Path.of("/");

    private final List<String> arguments;
    private volatile IntConsumer onSignal = number -> {};
    private volatile Resize onResize = (rows, columns) -> {};
    private volatile Runnable onGone = () -> {};

    public FakeCaller(String... arguments) {
        this.arguments = new java.util.ArrayList<>(List.of(arguments));
        this.arguments.addFirst("/usr/bin/hako");
    }

    public void signal(int number) {
        onSignal.accept(number);
    }

    public void resize(int newRows, int newColumns) {
        onResize.to(newRows, newColumns);
    }

    public void die() {
        onGone.run();
    }

    public String output() {
        return written.toString(StandardCharsets.UTF_8);
    }

    public String errors() {
        return complained.toString(StandardCharsets.UTF_8);
    }

    public int exitCode() {
        return exited.getNow(-1);
    }

    @Override
    public List<String> arguments() {
        return arguments;
    }

    @Override
    public Map<String, String> environment() {
        return environment;
    }

    @Override
    public long pid() {
        return 4711;
    }

    @Override
    public Fd workingDirectory() {
        throw new UnsupportedOperationException();
    }

    @Override
    public Fd root() {
        throw new UnsupportedOperationException();
    }

    @Override
    public Path path(String path) {
        return directory.resolve(path);
    }

    @Override
    public boolean sharesFiles() {
        return true;
    }

    @Override
    public Path name(String path) {
        return path(path);
    }

    @Override
    public HostFiles files() {
        return HostFiles.OURS;
    }

    @Override
    public InputStream stdin() {
        return stdin;
    }

    @Override
    public OutputStream stdout() {
        return stdout;
    }

    @Override
    public OutputStream stderr() {
        return complained;
    }

    @Override
    public void write(int descriptor, byte[] bytes, long position) throws IOException {
        (descriptor == 1 ? stdout : complained).write(bytes);
        delivered = position;
    }

    @Override
    public long written() {
        return delivered;
    }

    @Override
    public byte[] read(long offset) throws IOException {
        byte[] chunk = new byte[1024];
        return Arrays.copyOf(chunk, Math.max(0, stdin.read(chunk)));
    }

    @Override
    public long unread() {
        return 0;
    }

    @Override
    public Fd stdinFd() {
        throw new UnsupportedOperationException();
    }

    @Override
    public Fd stdoutFd() {
        throw new UnsupportedOperationException();
    }

    @Override
    public Fd stderrFd() {
        throw new UnsupportedOperationException();
    }

    @Override
    public boolean stdinIsTerminal() {
        return terminal;
    }

    @Override
    public boolean stdoutIsTerminal() {
        return terminal;
    }

    @Override
    public boolean stderrIsTerminal() {
        return terminal;
    }

    @Override
    public int rows() {
        return rows;
    }

    @Override
    public int columns() {
        return columns;
    }

    @Override
    public void onSignal(IntConsumer listener) {
        onSignal = listener;
    }

    @Override
    public void onResize(Resize listener) {
        onResize = listener;
    }

    @Override
    public void onGone(Runnable listener) {
        onGone = listener;
    }

    @Override
    public String token() {
        return token;
    }

    @Override
    public void keep(String newToken) {
        tokens.add(newToken);
    }

    @Override
    public void stay(
            String newToken,
            List<String> command,
            @Nullable String network,
            @Nullable View view,
            @Nullable Fd newTerminal) {
        stays.add(newToken);
    }

    @Override
    public void raw(boolean on) {
        raws.add(on);
    }

    @Override
    public void exit(int code) {
        exited.complete(code);
    }
}
