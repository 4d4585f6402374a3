package hako.spec;

import io.avaje.jsonb.Json;
import org.jspecify.annotations.Nullable;

/** What a token server answers (distribution, "Token Authentication Specification"; RFC 6749, 5.1). */
@Json
public record RegistryToken(
        @Nullable String token,
        @Json.Property("access_token") @Nullable String accessToken) {

    /** Either of the two names. */
    public @Nullable String value() {
        return token == null || token.isEmpty() ? accessToken : token;
    }

    public static RegistryToken fromJson(byte[] json) {
        return SpecJson.read(RegistryToken.class, json, "registry token");
    }

    /** Without the secret. */
    @Override
    public String toString() {
        return "RegistryToken[...]";
    }
}
