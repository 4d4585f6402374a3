package hako.image;

import hako.base.HakoException;
import hako.spec.DockerConfigFile;
import hako.spec.HelperCredentials;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Who to be at which registry. Secrets are never part of a message. */
@FunctionalInterface
public interface Credentials {
    /** Nobody, everywhere. */
    Credentials NONE = registry -> Optional.empty();

    /** What Docker calls its registry in config.json. */
    List<String> DOCKER_HUB =
            List.of("https://index.docker.io/v1/", "index.docker.io", "docker.io", "registry-1.docker.io");

    /** @param registry as in an image's name: {@code docker.io}, {@code localhost:5000} */
    Optional<Login> of(String registry);

    /** @param refreshToken an OAuth2 token that takes the place of the password */
    record Login(String username, String password, @Nullable String refreshToken) {
        String basic() {
            return "Basic "
                    + Base64.getEncoder().encodeToString((username + ":" + password).getBytes(StandardCharsets.UTF_8));
        }

        @Override
        public String toString() {
            return "Login[" + username + "]";
        }
    }

    static Credentials login(String username, String password) {
        return registry -> Optional.of(new Login(username, password, null));
    }

    /**
     * As a {@code ~/.docker/config.json} says, credential helpers included.
     *
     * @param environment in which helpers are found and run: the caller's, not the daemon's
     * @throws hako.base.HakoException INVALID_ARGUMENT when it is not such a file
     */
    static Credentials dockerConfig(byte[] json, Map<String, String> environment) {
        DockerConfigFile file = DockerConfigFile.fromJson(json);
        return registry -> {
            String helper = file.credHelpers().getOrDefault(registry, file.credsStore());
            if (helper != null && !helper.isEmpty()) {
                return askHelper(
                        helper,
                        registry.equals(ImageReference.DEFAULT_REGISTRY) ? DOCKER_HUB.getFirst() : registry,
                        environment);
            }
            return file.auths().entrySet().stream()
                    .filter(entry -> names(entry.getKey(), registry))
                    .findFirst()
                    .flatMap(entry -> login(entry.getValue(), entry.getKey()));
        };
    }

    private static boolean names(String key, String registry) {
        if (registry.equals(ImageReference.DEFAULT_REGISTRY)) {
            return DOCKER_HUB.contains(key);
        }
        String host = key.replaceFirst("^https?://", "").replaceFirst("/.*$", "");
        return host.equals(registry);
    }

    private static Optional<Login> login(DockerConfigFile.Auth auth, String key) {
        if (auth.auth() != null && !auth.auth().isEmpty()) {
            String pair;
            try {
                pair = new String(Base64.getDecoder().decode(auth.auth().strip()), StandardCharsets.UTF_8);
            } catch (IllegalArgumentException e) {
                throw ImageException.invalid("read registry credentials: \"auth\" of \"" + key + "\" is not base 64");
            }
            int colon = pair.indexOf(':');
            if (colon < 0) {
                throw ImageException.invalid("read registry credentials: \"auth\" of \"" + key + "\" has no colon");
            }
            return Optional.of(new Login(pair.substring(0, colon), pair.substring(colon + 1), auth.identitytoken()));
        }
        if (auth.username() != null && auth.password() != null) {
            return Optional.of(new Login(auth.username(), auth.password(), auth.identitytoken()));
        }
        return Optional.ofNullable(auth.identitytoken()).map(token -> new Login("<token>", "", token));
    }

    /** docker-credential-helpers: the server's name on standard input, JSON on standard output. */
    private static Optional<Login> askHelper(String helper, String server, Map<String, String> environment) {
        if (!helper.matches("[A-Za-z0-9._-]+")) {
            throw ImageException.invalid(
                    "read registry credentials: \"" + helper + "\" is no name of a credential helper");
        }
        String program = "docker-credential-" + helper;
        ProcessBuilder builder = new ProcessBuilder(program, "get").redirectError(ProcessBuilder.Redirect.DISCARD);
        builder.environment().clear();
        builder.environment().putAll(environment);
        try {
            Process process = builder.start();
            try (var in = process.getOutputStream()) {
                in.write(server.getBytes(StandardCharsets.UTF_8));
            }
            byte[] answer = process.getInputStream().readNBytes(64 * 1024);
            if (!process.waitFor(30, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new IOException("no answer within 30 s");
            }
            if (process.exitValue() != 0) {
                return Optional.empty(); // it knows nobody there
            }
            HelperCredentials found = HelperCredentials.fromJson(answer);
            String secret = found.secret() == null ? "" : found.secret();
            boolean token = "<token>".equals(found.username());
            return Optional.of(new Login(String.valueOf(found.username()), token ? "" : secret, token ? secret : null));
        } catch (IOException e) {
            throw new ImageException(
                    HakoException.Kind.EXTERNAL,
                    HakoException.Code.UNAVAILABLE,
                    "ask credential helper " + program + ": " + e.getMessage(),
                    e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ImageException(
                    HakoException.Kind.EXTERNAL, HakoException.Code.UNAVAILABLE, "ask " + program + ": interrupted", e);
        }
    }
}
