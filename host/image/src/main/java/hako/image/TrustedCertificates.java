package hako.image;

import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509ExtendedTrustManager;
import javax.net.ssl.X509TrustManager;
import org.jspecify.annotations.Nullable;

/** Whose signature on a registry's certificate counts: Java's list, the system's, and what the administrator added. */
final class TrustedCertificates {
    /** Debian's ca-certificates, with what was put into /usr/local/share/ca-certificates. */
    private static final Path SYSTEM = Path.of("/etc/ssl/certs/ca-certificates.crt");

    private TrustedCertificates() {}

    static SSLContext context(@Nullable Path directory, String registry) {
        try {
            KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
            store.load(null, null);
            int count = 0;
            for (X509Certificate certificate : javaDefaults()) {
                store.setCertificateEntry("java-" + count++, certificate);
            }
            for (Path file : files(directory, registry)) {
                for (Certificate certificate : read(file)) {
                    store.setCertificateEntry("added-" + count++, certificate);
                }
            }
            TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            factory.init(store);
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(null, factory.getTrustManagers(), null);
            return context;
        } catch (GeneralSecurityException | IOException e) {
            throw ImageException.invalid("read trusted certificates: " + e.getMessage());
        }
    }

    /** For registries declared insecure: whoever answers is believed. */
    static SSLContext anyone() {
        try {
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(null, new TrustManager[] {new Anyone()}, null);
            return context;
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException(e);
        }
    }

    private static List<X509Certificate> javaDefaults() throws GeneralSecurityException {
        TrustManagerFactory factory = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        factory.init((KeyStore) null);
        for (TrustManager manager : factory.getTrustManagers()) {
            if (manager instanceof X509TrustManager x509) {
                return List.of(x509.getAcceptedIssuers());
            }
        }
        return List.of();
    }

    private static List<Path> files(@Nullable Path directory, String registry) throws IOException {
        List<Path> files = new ArrayList<>();
        if (Files.isReadable(SYSTEM)) {
            files.add(SYSTEM);
        }
        if (directory != null) {
            for (Path each : List.of(directory, directory.resolve(registry))) {
                if (Files.isDirectory(each)) {
                    try (var children = Files.list(each)) {
                        children.filter(f -> f.toString().matches(".*\\.(crt|pem)"))
                                .sorted()
                                .forEach(files::add);
                    }
                }
            }
        }
        return files;
    }

    private static List<Certificate> read(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            return List.copyOf(CertificateFactory.getInstance("X.509").generateCertificates(in));
        } catch (GeneralSecurityException e) {
            throw new IOException(file + ": " + e.getMessage(), e);
        }
    }

    /** Extended, so that the JDK does not compare the host's name either. */
    private static final class Anyone extends X509ExtendedTrustManager {
        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type) {}

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket) {}

        @Override
        public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

        @Override
        public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

        @Override
        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }
}
