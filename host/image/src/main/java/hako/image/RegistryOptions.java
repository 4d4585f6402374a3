package hako.image;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * How registries are spoken to.
 *
 * @param insecure registries ({@code host:port}) whose certificate is not checked and that may speak plain HTTP; loopback
 *     addresses always may
 * @param certificates a directory with certificates of further authorities: {@code *.crt} and {@code *.pem} for all, and
 *     below {@code HOST:PORT/} for one
 * @param stallTimeout a download that brings less than 1 KiB/s for so long is begun again where it stopped
 * @param parallel layers at once
 * @param retries of a request or a download that brings nothing new
 */
public record RegistryOptions(
        Set<String> insecure,
        @Nullable Path certificates,
        Duration connectTimeout,
        Duration stallTimeout,
        int parallel,
        int retries) {

    public static final RegistryOptions DEFAULT =
            new RegistryOptions(Set.of(), null, Duration.ofSeconds(10), Duration.ofSeconds(60), 3, 4);

    public RegistryOptions {
        insecure = Set.copyOf(insecure);
    }

    public RegistryOptions withInsecure(Set<String> registries) {
        return new RegistryOptions(registries, certificates, connectTimeout, stallTimeout, parallel, retries);
    }

    public RegistryOptions withCertificates(Path directory) {
        return new RegistryOptions(insecure, directory, connectTimeout, stallTimeout, parallel, retries);
    }

    /** A document, a token or an error must be here whole within half of the time that a layer may pause. */
    Duration documentTimeout() {
        return stallTimeout.dividedBy(2);
    }

    boolean mayBeInsecure(String registry) {
        return insecure.contains(registry) || insecure.contains(host(registry)) || isLoopback(registry);
    }

    boolean isLoopback(String registry) {
        String host = host(registry);
        return host.equals("localhost") || host.equals("[::1]") || host.matches("127(\\.[0-9]{1,3}){3}");
    }

    private static String host(String registry) {
        return registry.replaceFirst(":[0-9]+$", "");
    }
}
