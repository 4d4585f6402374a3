package hako.it;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** A real registry on loopback: Debian's docker-registry, plain, or with TLS and a password. */
final class Registry implements AutoCloseable {
    static final String USER = "anna";
    static final String PASSWORD = "with:colon and space";

    private final Path folder;
    private final int port;
    private final boolean secure;
    private final Running process;

    private Registry(Path folder, boolean secure) {
        this.folder = folder;
        this.secure = secure;
        this.port = freePort();
        Path configuration = Temporary.write(folder.resolve("registry.yml"), configuration());
        process =
                Command.of("docker-registry", "serve", configuration.toString()).start();
        Await.until(
                "the registry to listen",
                Duration.ofSeconds(20),
                this::listens,
                () -> process.err().text());
    }

    static Registry plain(Path folder) {
        return new Registry(folder, false);
    }

    /** With a certificate of its own authority and the one user there is. */
    static Registry secure(Path folder) {
        Command.of(
                        "openssl",
                        "req",
                        "-x509",
                        "-newkey",
                        "rsa:2048",
                        "-nodes",
                        "-days",
                        "2",
                        "-subj",
                        "/CN=127.0.0.1",
                        "-addext",
                        "subjectAltName=IP:127.0.0.1",
                        "-keyout",
                        folder.resolve("key.pem").toString(),
                        "-out",
                        folder.resolve("certificate.pem").toString())
                .run()
                .ok();
        // crypt(3) knows bcrypt, the one hash that docker-registry reads
        String hash = Command.of("perl", "-e", "print crypt($ARGV[0], '$2b$05$abcdefghijklmnopqrstuu')", PASSWORD)
                .run()
                .ok()
                .out();
        Temporary.write(folder.resolve("htpasswd"), USER + ":" + hash + "\n");
        return new Registry(folder, true);
    }

    int port() {
        return port;
    }

    /** {@code 127.0.0.1:PORT/name}. */
    String reference(String name) {
        return "127.0.0.1:" + port + "/" + name;
    }

    Path certificate() {
        return folder.resolve("certificate.pem");
    }

    /** Pushes the image {@code latest} of a layout, by skopeo. */
    void push(Path layout, String name) {
        List<String> line = new ArrayList<>(List.of("skopeo", "copy", "-q", "--dest-tls-verify=false"));
        if (secure) {
            line.addAll(List.of("--dest-creds", USER + ":" + PASSWORD));
        }
        line.addAll(List.of("oci:" + layout + ":latest", "docker://" + reference(name)));
        Command.of(line).run().ok();
    }

    /** The file in which the registry keeps a blob. */
    Path blob(String digest) {
        String hex = digest.replaceFirst("^sha256:", "");
        return folder.resolve("data/docker/registry/v2/blobs/sha256/%s/%s/data".formatted(hex.substring(0, 2), hex));
    }

    @Override
    public void close() {
        process.close();
    }

    private String configuration() {
        String text = "version: 0.1\nlog: {level: error}\n"
                + "storage: {filesystem: {rootdirectory: '%s/data'}}\n".formatted(folder);
        String address = "addr: '127.0.0.1:%d'".formatted(port);
        if (!secure) {
            return text + "http: {" + address + "}\n";
        }
        return text
                + "http: {%1$s, tls: {certificate: '%2$s/certificate.pem', key: '%2$s/key.pem'}}\n"
                        .formatted(address, folder)
                + "auth: {htpasswd: {realm: test, path: '%s/htpasswd'}}\n".formatted(folder);
    }

    private boolean listens() {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress("127.0.0.1", port), 200);
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    private static int freePort() {
        try (ServerSocket any = new ServerSocket(0)) {
            return any.getLocalPort();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
