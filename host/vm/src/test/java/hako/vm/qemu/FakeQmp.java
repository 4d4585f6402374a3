package hako.vm.qemu;

import hako.linux.Fd;
import hako.linux.Io;
import hako.linux.Poller;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/** QEMU's side of the monitor. */
final class FakeQmp implements Closeable {
    interface Answers {
        /** One or more lines, without the last line's end. */
        String to(String command, String id);
    }

    private final Fd socket;
    private final LineReader lines;
    private final OutputStream out;

    FakeQmp(Fd socket) {
        this.socket = socket;
        InputStream in = Io.inputStream(socket, Poller.shared());
        this.lines = new LineReader(in, 1 << 20);
        this.out = Io.outputStream(socket, Poller.shared());
    }

    void greet() throws IOException {
        send("{\"QMP\": {\"version\": {\"qemu\": {\"micro\": 22, \"minor\": 2, \"major\": 7}, \"package\": \"\"},"
                + " \"capabilities\": [\"oob\"]}}\r\n");
    }

    void send(String text) throws IOException {
        out.write(text.getBytes(StandardCharsets.UTF_8));
    }

    String receive() throws IOException {
        byte[] line = lines.next();
        if (line == null) {
            throw new IOException("closed");
        }
        return new String(line, StandardCharsets.UTF_8);
    }

    /** Greets, accepts the capabilities and answers every command this way, on a thread of its own. */
    void serve(Answers answers) {
        Thread.ofVirtual().name("fake-qmp").start(() -> {
            try {
                greet();
                while (true) {
                    Map<?, ?> command = QmpMessage.JSON.map().fromJson(receive());
                    String id = (String) command.get("id");
                    String name = (String) command.get("execute");
                    send((name.equals("qmp_capabilities")
                                    ? "{\"return\": {}, \"id\": \"%s\"}".formatted(id)
                                    : answers.to(name, id))
                            + "\r\n");
                }
            } catch (IOException e) {
                // the test is over
            }
        });
    }

    @Override
    public void close() {
        socket.close();
    }
}
