package hako.spec;

import io.avaje.jsonb.Json;
import org.jspecify.annotations.Nullable;

/** What {@code docker-credential-NAME get} answers. */
@Json
public record HelperCredentials(
        @Json.Property("Username") @Nullable String username,
        @Json.Property("Secret") @Nullable String secret) {

    public static HelperCredentials fromJson(byte[] json) {
        return SpecJson.read(HelperCredentials.class, json, "answer of the credential helper");
    }

    /** Without the secret. */
    @Override
    public String toString() {
        return "HelperCredentials[" + username + "]";
    }
}
