package hako.image;

import hako.base.HakoException;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.URI;
import java.net.UnknownHostException;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.channels.UnresolvedAddressException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executors;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLHandshakeException;

/**
 * One registry, for the length of one pull: requests with the right scheme, login, redirects and retries
 * (distribution-spec, Pull). Thread-safe; blocks, so callers are virtual threads.
 */
final class Registry implements AutoCloseable {
    /** Docker Hub's name in references is not its host. */
    private static final String DOCKER_HUB = "registry-1.docker.io";

    private static final int MAX_REDIRECTS = 5;
    private static final int MAX_ERROR_BYTES = 2048;
    private static final int UNAUTHORIZED = 401;
    private static final int TOO_MANY = 429;
    private static final Duration HEADERS_TIMEOUT = Duration.ofSeconds(60);
    private static final Duration FIRST_PAUSE = Duration.ofMillis(200);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(20);

    private final String name;
    private final String repository;
    private final RegistryOptions options;
    private final HttpClient client;
    private final URI base;
    private final Authentication authentication;

    /** It has answered once, so it is worth asking again. */
    private volatile boolean reached;

    /** Finds out how it wants to be spoken to. */
    static Registry connect(ImageReference image, Credentials credentials, RegistryOptions options)
            throws IOException, InterruptedException {
        String name = image.registry();
        if (!options.mayBeInsecure(name)) {
            HttpClient client = client(options, TrustedCertificates.context(options.certificates(), name));
            return new Registry(image, credentials, options, client, "https");
        }
        HttpClient client = client(options, TrustedCertificates.anyone());
        Registry plain = new Registry(image, credentials, options, client, "http");
        Registry encrypted = new Registry(image, credentials, options, client, "https");
        // A local one is asked in plain HTTP first: a server without TLS may leave a handshake unanswered.
        boolean local = options.isLoopback(name);
        try {
            return (local ? plain : encrypted).isThere() ? (local ? plain : encrypted) : (local ? encrypted : plain);
        } catch (ConnectException e) {
            client.close();
            throw unreachable(name, e);
        }
    }

    private Registry(
            ImageReference image, Credentials credentials, RegistryOptions options, HttpClient client, String scheme) {
        this.name = image.registry();
        this.repository = image.repository();
        this.options = options;
        this.client = client;
        String host = name.equals(ImageReference.DEFAULT_REGISTRY) ? DOCKER_HUB : name;
        this.base = URI.create(scheme + "://" + host + "/v2/");
        this.authentication = new Authentication(this, credentials.of(name), repository);
    }

    private static HttpClient client(RegistryOptions options, SSLContext context) {
        return HttpClient.newBuilder()
                .connectTimeout(options.connectTimeout())
                .followRedirects(HttpClient.Redirect.NEVER) // ours: a login must not follow to another host
                .sslContext(context)
                .version(HttpClient.Version.HTTP_1_1)
                .executor(Executors.newVirtualThreadPerTaskExecutor())
                .build();
    }

    /** distribution-spec, Determining Support: 200, or 401 where it wants a login. */
    private boolean isThere() throws ConnectException, InterruptedException {
        try {
            HttpResponse<InputStream> response = exchange(request(base).GET().build());
            response.body().close();
            int status = response.statusCode();
            return status == 200 || status == UNAUTHORIZED;
        } catch (ConnectException e) {
            throw e;
        } catch (IOException e) {
            return false;
        }
    }

    String name() {
        return name;
    }

    String repository() {
        return repository;
    }

    RegistryOptions options() {
        return options;
    }

    boolean isPlain() {
        return base.getScheme().equals("http");
    }

    HttpRequest.Builder request(URI uri) {
        return HttpRequest.newBuilder(uri).timeout(HEADERS_TIMEOUT).header("User-Agent", "hako");
    }

    /**
     * {@code GET /v2/REPOSITORY/path}, authorised, redirected, tried again on failures that may pass.
     *
     * @return a response of status 2xx, 404 or 416, whose body the caller closes
     */
    HttpResponse<InputStream> get(String path, Map<String, String> headers) throws IOException, InterruptedException {
        URI uri = base.resolve(repository + "/" + path);
        Duration pause = FIRST_PAUSE;
        for (int attempt = 0; ; attempt++) {
            try {
                HttpResponse<InputStream> response = authorised(uri, headers);
                int status = response.statusCode();
                if (status / 100 == 2 || status == 404 || status == 416) {
                    return response;
                }
                ImageException failure = failure(uri, response);
                if (status != TOO_MANY && status / 100 != 5 || attempt == options.retries()) {
                    throw failure;
                }
                pause = retryAfter(response).orElse(pause);
            } catch (SSLHandshakeException e) {
                throw new ImageException(
                        HakoException.Kind.EXTERNAL,
                        HakoException.Code.PERMISSION,
                        "connect to registry %s: its certificate is not trusted: %s; add its authority's certificate, or"
                                        .formatted(name, e.getMessage())
                                + " declare the registry insecure",
                        e);
            } catch (ConnectException | HttpConnectTimeoutException e) {
                if (!reached || attempt == options.retries()) {
                    throw unreachable(name, e);
                }
            } catch (IOException e) {
                if (attempt == options.retries()) {
                    throw e;
                }
            }
            Thread.sleep(pause);
            pause = shorter(pause.multipliedBy(2));
        }
    }

    private HttpResponse<InputStream> authorised(URI uri, Map<String, String> headers)
            throws IOException, InterruptedException {
        for (int attempt = 0; ; attempt++) {
            Optional<String> authorization = authentication.header();
            HttpResponse<InputStream> response = redirected(uri, headers, authorization);
            if (response.statusCode() != UNAUTHORIZED || !isOwn(response.uri())) {
                return response; // to whom it redirects, it owes no login (CVE-2020-15157)
            }
            response.body().close();
            // Twice: a token that has expired, and a new one.
            if (attempt == 2 || !authentication.answer(response, authorization)) {
                throw authentication.refusal(uri);
            }
        }
    }

    private HttpResponse<InputStream> redirected(URI first, Map<String, String> headers, Optional<String> authorization)
            throws IOException, InterruptedException {
        URI uri = first;
        for (int i = 0; i <= MAX_REDIRECTS; i++) {
            HttpRequest.Builder request = request(uri);
            headers.forEach(request::header);
            if (isOwn(uri)) {
                authorization.ifPresent(value -> request.header("Authorization", value));
            }
            HttpResponse<InputStream> response = exchange(request.GET().build());
            Optional<String> location = response.headers().firstValue("Location");
            if (response.statusCode() / 100 != 3 || location.isEmpty()) {
                return response;
            }
            response.body().close();
            uri = target(uri, location.get());
        }
        throw new ImageException(
                HakoException.Kind.EXTERNAL,
                HakoException.Code.UNAVAILABLE,
                "ask " + name + ": more than " + MAX_REDIRECTS + " redirections");
    }

    /** Whether a login may be seen there. */
    private boolean isOwn(URI uri) {
        return base.getRawAuthority().equals(uri.getRawAuthority())
                && base.getScheme().equals(uri.getScheme());
    }

    private URI target(URI from, String location) {
        try {
            URI to = from.resolve(location);
            if (to.getHost() != null
                    && ("https".equals(to.getScheme()) || "http".equals(to.getScheme()) && isPlain())) {
                return to;
            }
        } catch (IllegalArgumentException e) {
            // refused below
        }
        throw new ImageException(
                HakoException.Kind.EXTERNAL,
                HakoException.Code.UNAVAILABLE,
                "ask " + name + ": it redirects to where it should not");
    }

    HttpResponse<InputStream> exchange(HttpRequest request) throws IOException, InterruptedException {
        try {
            HttpResponse<InputStream> response = client.send(request, answer -> new ReceivedBody());
            reached = true;
            return response;
        } catch (ConnectException e) {
            throw explained(e, request.uri());
        }
    }

    /** The JDK's has no message. */
    private static ConnectException explained(ConnectException e, URI uri) {
        boolean unresolved = false;
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            unresolved |= cause instanceof UnresolvedAddressException || cause instanceof UnknownHostException;
        }
        String said = e.getMessage() == null ? "connection refused" : e.getMessage();
        ConnectException explained = new ConnectException(
                unresolved ? "cannot resolve host " + uri.getHost() : said + " by " + uri.getRawAuthority());
        explained.initCause(e);
        return explained;
    }

    /**
     * The body of a small answer, closed: whole, or its first {@code maxBytes}, and in time however slowly it drips.
     *
     * @throws ImageException TIMEOUT
     */
    byte[] document(HttpResponse<InputStream> response, int maxBytes) throws IOException {
        InputStream body = response.body();
        Duration timeout = options.documentTimeout();
        try (body;
                StallGuard guard = new StallGuard(body, timeout)) {
            try {
                byte[] content = body.readNBytes(maxBytes);
                if (!guard.hasStopped()) {
                    return content;
                }
            } catch (IOException e) {
                if (!guard.hasStopped()) {
                    throw e;
                }
            }
        }
        throw new ImageException(
                HakoException.Kind.EXTERNAL,
                HakoException.Code.TIMEOUT,
                "ask %s: the answer was not whole after %s s".formatted(name, timeout.toMillis() / 1000.0));
    }

    private ImageException failure(URI uri, HttpResponse<InputStream> response) throws IOException {
        String text = new String(document(response, MAX_ERROR_BYTES), StandardCharsets.UTF_8)
                .replaceAll("[^ -~]+", " ")
                .strip();
        String who = isOwn(response.uri())
                ? "the registry"
                : response.uri().getHost() + ", to which the registry redirects,";
        boolean denied = response.statusCode() == 403;
        return new ImageException(
                denied ? HakoException.Kind.USER : HakoException.Kind.EXTERNAL,
                denied ? HakoException.Code.PERMISSION : HakoException.Code.UNAVAILABLE,
                "get %s: %s answers %d %s"
                        .formatted(uri, who, response.statusCode(), text)
                        .strip());
    }

    private static Optional<Duration> retryAfter(HttpResponse<?> response) {
        return response.headers()
                .firstValue("Retry-After")
                .filter(value -> value.matches("[0-9]{1,6}"))
                .map(value -> shorter(Duration.ofSeconds(Long.parseLong(value))));
    }

    private static Duration shorter(Duration pause) {
        return pause.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : pause;
    }

    static ImageException unreachable(String name, IOException e) {
        // The JDK wraps what happened to a response's body as "closed".
        Throwable cause = e;
        while (cause.getCause() != null
                && (cause.getMessage() == null || cause.getMessage().equals("closed"))) {
            cause = cause.getCause();
        }
        String why = cause.getMessage() == null ? "no connection" : cause.getMessage();
        return new ImageException(
                HakoException.Kind.EXTERNAL,
                HakoException.Code.UNAVAILABLE,
                "connect to registry " + name + ": " + why,
                e);
    }

    /** Does not wait for what may still hang. */
    @Override
    public void close() {
        client.shutdownNow();
    }
}
