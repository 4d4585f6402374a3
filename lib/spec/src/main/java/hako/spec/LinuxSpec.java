package hako.spec;

import io.avaje.jsonb.Json;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The Linux part of a container (runtime-spec, config-linux.md). */
@Json
public record LinuxSpec(
        List<IdMapping> uidMappings,
        List<IdMapping> gidMappings,
        Map<String, String> sysctl,
        @Nullable LinuxResources resources,
        @Nullable String cgroupsPath,
        List<Namespace> namespaces,
        List<Device> devices,
        @Nullable Seccomp seccomp,
        @Nullable String rootfsPropagation,
        List<String> maskedPaths,
        List<String> readonlyPaths,
        @Nullable String mountLabel,
        @Nullable Personality personality) {

    public LinuxSpec {
        uidMappings = Absent.list(uidMappings);
        gidMappings = Absent.list(gidMappings);
        sysctl = Absent.map(sysctl);
        namespaces = Absent.list(namespaces);
        devices = Absent.list(devices);
        maskedPaths = Absent.list(maskedPaths);
        readonlyPaths = Absent.list(readonlyPaths);
    }

    public LinuxSpec with(List<Namespace> otherNamespaces) {
        return new LinuxSpec(
                uidMappings,
                gidMappings,
                sysctl,
                resources,
                cgroupsPath,
                otherNamespaces,
                devices,
                seccomp,
                rootfsPropagation,
                maskedPaths,
                readonlyPaths,
                mountLabel,
                personality);
    }

    public LinuxSpec withDevices(List<Device> otherDevices) {
        return new LinuxSpec(
                uidMappings,
                gidMappings,
                sysctl,
                resources,
                cgroupsPath,
                namespaces,
                otherDevices,
                seccomp,
                rootfsPropagation,
                maskedPaths,
                readonlyPaths,
                mountLabel,
                personality);
    }

    public LinuxSpec with(LinuxResources otherResources) {
        return new LinuxSpec(
                uidMappings,
                gidMappings,
                sysctl,
                otherResources,
                cgroupsPath,
                namespaces,
                devices,
                seccomp,
                rootfsPropagation,
                maskedPaths,
                readonlyPaths,
                mountLabel,
                personality);
    }

    /** A range of user or group ids (user_namespaces(7)). */
    @Json
    public record IdMapping(long containerID, long hostID, long size) {}

    /**
     * @param type {@code pid}, {@code network}, {@code mount}, {@code ipc}, {@code uts}, {@code user}, {@code cgroup},
     *     {@code time}
     * @param path of an existing namespace to join; absent: a new one
     */
    @Json
    public record Namespace(String type, @Nullable String path) {
        /** A new namespace of this type. */
        public static Namespace fresh(String type) {
            return new Namespace(type, null);
        }
    }

    /** @param type {@code c}, {@code b}, {@code u}, {@code p} */
    @Json
    public record Device(
            String path,
            String type,
            @Nullable Long major,
            @Nullable Long minor,
            @Nullable Integer fileMode,
            @Nullable Long uid,
            @Nullable Long gid) {}

    /** Execution domain (personality(2)): {@code LINUX} or {@code LINUX32}. */
    @Json
    public record Personality(String domain, List<String> flags) {
        public Personality {
            flags = Absent.list(flags);
        }
    }
}
