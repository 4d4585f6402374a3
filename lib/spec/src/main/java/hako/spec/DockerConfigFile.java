package hako.spec;

import io.avaje.jsonb.Json;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The part of {@code ~/.docker/config.json} that tells how to log in to registries. */
@Json
public record DockerConfigFile(
        Map<String, Auth> auths,
        Map<String, String> credHelpers,
        @Nullable String credsStore) {

    public DockerConfigFile {
        auths = Absent.map(auths);
        credHelpers = Absent.map(credHelpers);
    }

    /** @param auth base 64 of {@code user:password} */
    @Json
    public record Auth(
            @Nullable String auth,
            @Nullable String username,
            @Nullable String password,
            @Nullable String identitytoken,
            @Nullable String registrytoken) {
        /** Without the secrets. */
        @Override
        public String toString() {
            return "Auth[...]";
        }
    }

    public static DockerConfigFile fromJson(byte[] json) {
        return SpecJson.read(DockerConfigFile.class, json, "registry credentials (config.json)");
    }
}
