package hako.spec;

import io.avaje.jsonb.Json;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A container as the OCI runtime specification describes it: the content of a bundle's {@code config.json}
 * (runtime-spec, config.md). Absent lists and maps read as empty ones; empty ones are not written. Members that are not
 * known here are ignored when read.
 */
@Json
public record RuntimeSpec(
        String ociVersion,
        @Nullable Root root,
        @Nullable ProcessSpec process,
        @Nullable String hostname,
        @Nullable String domainname,
        List<MountSpec> mounts,
        @Nullable Hooks hooks,
        Map<String, String> annotations,
        @Nullable LinuxSpec linux) {

    /** The version of the specification that these records follow. */
    public static final String VERSION = "1.2.0";

    public RuntimeSpec {
        ociVersion = ociVersion == null ? VERSION : ociVersion;
        mounts = Absent.list(mounts);
        annotations = Absent.map(annotations);
    }

    /** The root filesystem (config.md, Root). */
    @Json
    public record Root(String path, @Nullable Boolean readonly) {}

    public RuntimeSpec with(List<MountSpec> otherMounts) {
        return new RuntimeSpec(ociVersion, root, process, hostname, domainname, otherMounts, hooks, annotations, linux);
    }

    public RuntimeSpec with(LinuxSpec otherLinux) {
        return new RuntimeSpec(ociVersion, root, process, hostname, domainname, mounts, hooks, annotations, otherLinux);
    }

    /** Reads a {@code config.json}; {@link hako.base.HakoException} INVALID_ARGUMENT when it is not one. */
    public static RuntimeSpec fromJson(byte[] json) {
        return SpecJson.read(RuntimeSpec.class, json, "runtime specification (config.json)");
    }

    /** UTF-8, without null and empty members. */
    public byte[] toJson() {
        return SpecJson.write(RuntimeSpec.class, this);
    }
}
