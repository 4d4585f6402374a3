package hako.image;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** A registry of one repository on loopback that can be told to misbehave. */
final class FakeRegistry implements AutoCloseable {
    enum Login {
        NONE,
        BASIC,
        TOKEN
    }

    static final String USER = "me";
    static final String PASSWORD = "s:cret";
    private static final int LARGE = 100_000;
    private static final String TOKEN = "tok.en-1";

    private final HttpServer server;
    private volatile boolean stopped;
    private final Map<String, byte[]> content = new ConcurrentHashMap<>();
    private final Map<String, String> types = new ConcurrentHashMap<>();

    /** Every request: method, path, range. */
    final List<String> requests = new CopyOnWriteArrayList<>();

    volatile Login login = Login.NONE;
    /** So many times a large blob is cut off in its middle. */
    final AtomicInteger cuts = new AtomicInteger();

    final AtomicInteger serverErrors = new AtomicInteger();
    volatile boolean ranges = true;
    volatile boolean redirectsBlobs;
    volatile boolean stalls;

    /** Requests for this path and what is below get an answer of this status that never ends. */
    volatile String drips = "none";

    volatile int dripStatus = 200;

    /** Where blobs are redirected to, a login is asked for. */
    volatile boolean storageWantsLogin;

    FakeRegistry() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.createContext("/v2/", this::serve);
        server.createContext("/token", this::token);
        server.createContext("/storage/", this::storage);
        server.start();
    }

    String name() {
        return "127.0.0.1:" + server.getAddress().getPort();
    }

    FakeRegistry with(TestImage image, String tag) {
        image.blobs().forEach((digest, bytes) -> content.put("blobs/" + digest, bytes));
        manifest(tag, "application/vnd.oci.image.manifest.v1+json", image.manifest());
        return this;
    }

    void manifest(String tag, String type, byte[] document) {
        for (String name : List.of(tag, Digest.sha256(document).toString())) {
            content.put("manifests/" + name, document);
            types.put("manifests/" + name, type);
        }
    }

    void blob(Digest digest, byte[] bytes) {
        content.put("blobs/" + digest, bytes);
    }

    private void serve(HttpExchange exchange) throws IOException {
        String path = exchange.getRequestURI().getPath();
        String range = exchange.getRequestHeaders().getFirst("Range");
        requests.add(path + (range == null ? "" : " " + range));
        if (!authorised(exchange)) {
            return;
        }
        if (path.startsWith(drips)) {
            drip(exchange);
            return;
        }
        if (path.equals("/v2/")) {
            answer(exchange, 200, new byte[0]);
            return;
        }
        if (serverErrors.getAndDecrement() > 0) {
            answer(exchange, 503, "try later".getBytes(StandardCharsets.US_ASCII));
            return;
        }
        String name = path.replaceFirst("^/v2/app/", "");
        byte[] bytes = content.get(name);
        if (bytes == null) {
            answer(exchange, 404, "{\"errors\":[]}".getBytes(StandardCharsets.US_ASCII));
        } else if (name.startsWith("manifests/")) {
            exchange.getResponseHeaders().set("Content-Type", types.get(name));
            answer(exchange, 200, bytes);
        } else if (redirectsBlobs) {
            // Another host name for the same server: the login must not come along.
            exchange.getResponseHeaders()
                    .set("Location", "http://localhost:" + server.getAddress().getPort() + "/storage/" + name);
            answer(exchange, 307, new byte[0]);
        } else {
            blob(exchange, bytes, range);
        }
    }

    private void storage(HttpExchange exchange) throws IOException {
        requests.add(exchange.getRequestURI().getPath());
        if (exchange.getRequestHeaders().containsKey("Authorization")) {
            answer(exchange, 400, "no login wanted here".getBytes(StandardCharsets.US_ASCII));
            return;
        }
        if (storageWantsLogin) {
            exchange.getResponseHeaders().add("WWW-Authenticate", "Bearer realm=\"http://%s/token\"".formatted(name()));
            exchange.getResponseHeaders().add("WWW-Authenticate", "Basic realm=\"mine\"");
            answer(exchange, 401, new byte[0]);
            return;
        }
        blob(
                exchange,
                content.get(exchange.getRequestURI().getPath().substring("/storage/".length())),
                exchange.getRequestHeaders().getFirst("Range"));
    }

    private void blob(HttpExchange exchange, byte[] bytes, @Nullable String range) throws IOException {
        int from = 0;
        if (range != null && ranges) {
            from = Integer.parseInt(range.replaceAll("[^0-9]", ""));
            exchange.getResponseHeaders()
                    .set("Content-Range", "bytes %d-%d/%d".formatted(from, bytes.length - 1, bytes.length));
        }
        boolean cut = bytes.length > LARGE && cuts.getAndDecrement() > 0;
        exchange.sendResponseHeaders(range != null && ranges ? 206 : 200, bytes.length - from);
        int end = cut || stalls ? from + (bytes.length - from) / 2 : bytes.length;
        OutputStream out = exchange.getResponseBody();
        out.write(bytes, from, end - from);
        out.flush();
        if (stalls) {
            try {
                Thread.sleep(60_000);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
        exchange.close();
    }

    private void drip(HttpExchange exchange) throws IOException {
        exchange.getResponseHeaders().set("Content-Type", "application/vnd.oci.image.manifest.v1+json");
        exchange.sendResponseHeaders(dripStatus, 0);
        try (OutputStream out = exchange.getResponseBody()) {
            while (!stopped) {
                out.write(' ');
                out.flush();
                Thread.sleep(20);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private boolean authorised(HttpExchange exchange) throws IOException {
        String given = String.valueOf(exchange.getRequestHeaders().getFirst("Authorization"));
        String wanted = switch (login) {
            case NONE -> given;
            case BASIC -> basic();
            case TOKEN -> "Bearer " + TOKEN;
        };
        if (given.equals(wanted)) {
            return true;
        }
        exchange.getResponseHeaders()
                .set(
                        "WWW-Authenticate",
                        login == Login.BASIC
                                ? "Basic realm=\"fake\""
                                : "Bearer realm=\"http://%s/token\",service=\"fake registry\",scope=\"repository:app:pull,push\""
                                        .formatted(name()));
        answer(exchange, 401, new byte[0]);
        return false;
    }

    private void token(HttpExchange exchange) throws IOException {
        requests.add(exchange.getRequestURI().toString());
        if (drips.equals("/token")) {
            drip(exchange);
            return;
        }
        boolean known = basic().equals(exchange.getRequestHeaders().getFirst("Authorization"));
        answer(exchange, known ? 200 : 401, ("{\"token\":\"" + TOKEN + "\"}").getBytes(StandardCharsets.US_ASCII));
    }

    private static String basic() {
        return "Basic " + Base64.getEncoder().encodeToString((USER + ":" + PASSWORD).getBytes(StandardCharsets.UTF_8));
    }

    private static void answer(HttpExchange exchange, int status, byte[] body) throws IOException {
        exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
        try (OutputStream out = exchange.getResponseBody()) {
            out.write(body);
        }
        exchange.close();
    }

    @Override
    public void close() {
        stopped = true;
        server.stop(0);
    }
}
