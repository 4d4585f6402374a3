package hako.spec;

import io.avaje.jsonb.Json;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One mount of the container (runtime-spec, config.md, Mounts).
 *
 * @param destination absolute, in the container
 * @param type absent for a bind mount with the option {@code bind} or {@code rbind}
 */
@Json
public record MountSpec(
        String destination,
        @Nullable String type,
        @Nullable String source,
        List<String> options,
        List<LinuxSpec.IdMapping> uidMappings,
        List<LinuxSpec.IdMapping> gidMappings) {

    public MountSpec {
        options = Absent.list(options);
        uidMappings = Absent.list(uidMappings);
        gidMappings = Absent.list(gidMappings);
    }

    public static MountSpec of(String destination, String type, String source, String... options) {
        return new MountSpec(destination, type, source, List.of(options), List.of(), List.of());
    }

    /** Whether it shows a file or directory that is there. */
    public boolean isBind() {
        return options.contains("bind") || options.contains("rbind") || "bind".equals(type);
    }

    public MountSpec with(String otherSource) {
        return new MountSpec(destination, type, otherSource, options, uidMappings, gidMappings);
    }

    /** A bind mount of {@code source}, with everything mounted below it; read-only throughout, or not. */
    public static MountSpec bind(String source, String destination, boolean readOnly) {
        return readOnly
                ? of(destination, "bind", source, "rbind", "rprivate", "ro", "rro")
                : of(destination, "bind", source, "rbind", "rprivate", "rw");
    }
}
