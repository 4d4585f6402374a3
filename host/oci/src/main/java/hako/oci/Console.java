package hako.oci;

import hako.base.HakoException;
import hako.base.HakoException.Code;
import hako.linux.Fd;
import hako.linux.LinuxException;
import hako.linux.PseudoTerminal;
import hako.linux.Terminal;
import hako.linux.UnixSocket;
import hako.spec.ProcessSpec;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/**
 * The terminal of a process that is left behind: whoever listens on the {@code --console-socket} gets the end that plays
 * keyboard and screen. One thread.
 *
 * @see <a href="https://github.com/opencontainers/runc/blob/main/docs/terminals.md">runc, Terminals and Standard IO</a>
 */
final class Console implements AutoCloseable {
    private final Fd socket;
    private final PseudoTerminal pair;

    /** @throws HakoException where nobody listens: before anything else is made */
    Console(Path path, ProcessSpec process) {
        try {
            socket = UnixSocket.connect(path);
        } catch (LinuxException e) {
            throw new HakoException(
                    HakoException.Kind.USER, Code.UNAVAILABLE, "connect to the console socket: " + e.getMessage(), e);
        }
        try {
            pair = PseudoTerminal.open();
        } catch (RuntimeException e) {
            socket.close();
            throw e;
        }
        ProcessSpec.ConsoleSize size = process.consoleSize();
        if (size != null) {
            Terminal.resize(pair.controller(), new Terminal.Size(size.height(), size.width()));
        }
    }

    /** What the process that is left behind gets. */
    Fd terminal() {
        return pair.terminal();
    }

    /** Hands over the other end. */
    void send() throws InterruptedException {
        ByteBuffer name = ByteBuffer.wrap("/dev/ptmx".getBytes(StandardCharsets.UTF_8));
        UnixSocket.send(socket, name, List.of(pair.controller()));
    }

    @Override
    public void close() {
        pair.close();
        socket.close();
    }
}
