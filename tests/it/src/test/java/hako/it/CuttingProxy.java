package hako.it;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/** Stands before a server and cuts its first long answers short: a bad line. A virtual thread per direction. */
final class CuttingProxy implements AutoCloseable {
    private final ServerSocket server;
    private final int to;
    private final int bytes;
    private final AtomicInteger cutsLeft;
    private final List<String> requests = new CopyOnWriteArrayList<>();

    /**
     * @param bytes after which a connection is cut
     * @param cuts how many are; later ones live
     */
    CuttingProxy(int to, int bytes, int cuts) throws IOException {
        this.server = new ServerSocket(0, 50, InetAddress.getByName("127.0.0.1"));
        this.to = to;
        this.bytes = bytes;
        this.cutsLeft = new AtomicInteger(cuts);
        Thread.ofVirtual().name("proxy").start(this::serve);
    }

    String reference(String name) {
        return "127.0.0.1:" + server.getLocalPort() + "/" + name;
    }

    /** The value of the header {@code Range} of those requests that had one. */
    List<String> ranges() {
        return requests.stream()
                .flatMap(String::lines)
                .filter(line -> line.regionMatches(true, 0, "range:", 0, 6))
                .map(line -> line.substring(6).strip())
                .toList();
    }

    int cutsLeft() {
        return cutsLeft.get();
    }

    private void serve() {
        try {
            while (true) {
                Socket client = server.accept();
                Thread.ofVirtual().start(() -> connect(client));
            }
        } catch (IOException e) {
            // closed
        }
    }

    private void connect(Socket client) {
        try (client;
                Socket upstream = new Socket("127.0.0.1", to)) {
            Thread requester = Thread.ofVirtual().start(() -> forward(client, upstream));
            answer(upstream.getInputStream(), client.getOutputStream());
            requester.interrupt();
        } catch (IOException e) {
            // either side has hung up
        }
    }

    private void forward(Socket client, Socket upstream) {
        byte[] chunk = new byte[16 * 1024];
        try {
            InputStream in = client.getInputStream();
            for (int count = in.read(chunk); count >= 0; count = in.read(chunk)) {
                requests.add(new String(chunk, 0, count, StandardCharsets.ISO_8859_1));
                upstream.getOutputStream().write(chunk, 0, count);
            }
            upstream.shutdownOutput();
        } catch (IOException e) {
            // either side has hung up
        }
    }

    private void answer(InputStream in, OutputStream out) throws IOException {
        byte[] chunk = new byte[16 * 1024];
        int passed = 0;
        for (int count = in.read(chunk); count >= 0; count = in.read(chunk)) {
            out.write(chunk, 0, count);
            passed += count;
            if (passed >= bytes && cutsLeft.getAndUpdate(n -> Math.max(0, n - 1)) > 0) {
                return;
            }
        }
    }

    @Override
    public void close() throws IOException {
        server.close();
    }
}
