package hako.oci;

import hako.door.Json;
import hako.spec.Defaults;
import hako.spec.RuntimeSpec;
import java.util.List;

/**
 * {@code hako-runtime features}.
 *
 * @see <a href="https://github.com/opencontainers/runtime-spec/blob/main/features.md">runtime-spec, Features Structure</a>
 */
final class Features extends Verb {
    Features() {
        super("features", "", "Print what of the runtime specification there is", 0, 0);
    }

    @Override
    int run(RuntimeCall call, List<String> arguments) {
        call.out()
                .println(Json.pretty(Json.object(
                        "ociVersionMin",
                        "1.0.0",
                        "ociVersionMax",
                        RuntimeSpec.VERSION,
                        "mountOptions",
                        List.of(
                                "bind",
                                "rbind",
                                "ro",
                                "rw",
                                "nosuid",
                                "nodev",
                                "noexec",
                                "rprivate",
                                "private",
                                "rslave",
                                "slave"),
                        "linux",
                        Json.object(
                                "namespaces",
                                List.of("cgroup", "ipc", "mount", "network", "pid", "user", "uts"),
                                "capabilities",
                                Defaults.CAPABILITIES,
                                "cgroup",
                                Json.object("v1", false, "v2", true, "systemd", true, "systemdUser", false),
                                "seccomp",
                                Json.object("enabled", true),
                                "apparmor",
                                Json.object("enabled", false),
                                "selinux",
                                Json.object("enabled", false)))));
        return SUCCESS;
    }
}
