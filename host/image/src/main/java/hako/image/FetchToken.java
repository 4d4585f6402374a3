package hako.image;

import hako.base.HakoException;
import hako.spec.RegistryToken;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * A token for one repository from the server that the registry's challenge names (distribution, "Token Authentication
 * Specification", and its OAuth2 form where the login is a refresh token).
 */
final class FetchToken {
    private static final int MAX_TOKEN_BYTES = 256 * 1024;

    private final Registry registry;
    private final Optional<Credentials.Login> login;
    private final String repository;

    FetchToken(Registry registry, Optional<Credentials.Login> login, String repository) {
        this.registry = registry;
        this.login = login;
        this.repository = repository;
    }

    String fetch(Challenge challenge) throws IOException, InterruptedException {
        URI realm = realm(challenge);
        Map<String, String> query = new LinkedHashMap<>();
        if (challenge.parameters().containsKey("service")) {
            query.put("service", challenge.parameters().get("service"));
        }
        query.put("scope", challenge.parameters().getOrDefault("scope", "repository:" + repository + ":pull"));
        HttpResponse<InputStream> response = registry.exchange(request(realm, query));
        if (response.statusCode() / 100 != 2) {
            response.body().close();
            throw new ImageException(
                    HakoException.Kind.USER,
                    HakoException.Code.PERMISSION,
                    "get a token from %s: it answers %d; check user and password"
                            .formatted(realm.getHost(), response.statusCode()));
        }
        String token = RegistryToken.fromJson(registry.document(response, MAX_TOKEN_BYTES))
                .value();
        if (token == null || token.isEmpty() || token.chars().anyMatch(c -> c < ' ' || c > '~')) {
            throw new ImageException(
                    HakoException.Kind.EXTERNAL,
                    HakoException.Code.UNAVAILABLE,
                    "get a token from " + realm.getHost() + ": its answer has none");
        }
        return token;
    }

    private HttpRequest request(URI realm, Map<String, String> query) {
        Credentials.Login who = login.orElse(null);
        if (who != null && who.refreshToken() != null) {
            query.put("grant_type", "refresh_token");
            query.put("client_id", "hako");
            query.put("refresh_token", who.refreshToken());
            return registry.request(realm)
                    .header("Content-Type", "application/x-www-form-urlencoded")
                    .POST(HttpRequest.BodyPublishers.ofString(encoded(query)))
                    .build();
        }
        String separator = realm.getRawQuery() == null ? "?" : "&";
        HttpRequest.Builder get =
                registry.request(URI.create(realm + separator + encoded(query))).GET();
        login.ifPresent(l -> get.header("Authorization", l.basic()));
        return get.build();
    }

    /** A password goes nowhere in the clear, unless the registry itself is spoken to so. */
    private URI realm(Challenge challenge) {
        try {
            URI realm = URI.create(challenge.parameters().getOrDefault("realm", ""));
            if (realm.getHost() != null
                    && ("https".equals(realm.getScheme()) || "http".equals(realm.getScheme()) && registry.isPlain())) {
                return realm;
            }
        } catch (IllegalArgumentException e) {
            // refused below
        }
        throw new ImageException(
                HakoException.Kind.EXTERNAL,
                HakoException.Code.UNAVAILABLE,
                "log in to " + registry.name() + ": it names no usable token server");
    }

    private static String encoded(Map<String, String> query) {
        return query.entrySet().stream()
                .map(e -> e.getKey() + "=" + URLEncoder.encode(e.getValue(), StandardCharsets.UTF_8))
                .collect(Collectors.joining("&"));
    }
}
