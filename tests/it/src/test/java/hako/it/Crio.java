package hako.it;

import java.nio.file.Path;
import java.util.List;

/** CRI-O, which calls {@code hako-runtime} itself and through conmon. */
final class Crio extends CriServer {
    Crio(HakoNode node) {
        super(node);
    }

    private Path config() {
        return folder().resolve("crio.conf");
    }

    @Override
    void configure() {
        Temporary.write(folder().resolve("policy.json"), """
                {"default": [{"type": "insecureAcceptAnything"}]}
                """);
        Temporary.write(config(), """
                [crio]
                root = "%1$s/root"
                runroot = "%1$s/run"
                storage_driver = "overlay"
                log_dir = "%1$s/log"
                version_file = "%1$s/version"
                version_file_persist = "%1$s/version-persist"
                clean_shutdown_file = "%1$s/clean"
                internal_wipe = false
                [crio.api]
                listen = "%2$s"
                [crio.runtime]
                default_runtime = "hako"
                cgroup_manager = "cgroupfs"
                conmon_cgroup = "pod"
                namespaces_dir = "%1$s/namespaces"
                container_exits_dir = "%1$s/exits"
                container_attach_socket_dir = "%1$s/attach"
                apparmor_profile = "unconfined"
                hooks_dir = []
                [crio.runtime.runtimes.hako]
                runtime_path = "%4$s"
                runtime_type = "oci"
                runtime_root = "%1$s/runtime"
                monitor_cgroup = "pod"
                [crio.image]
                pause_image = "%3$s"
                pause_command = ""
                signature_policy = "%1$s/policy.json"
                signature_policy_dir = "%1$s/policies"
                [crio.network]
                network_dir = "%1$s/cni"
                plugin_dirs = ["/usr/lib/cni"]
                [crio.nri]
                enable_nri = false
                """.formatted(folder(), socket(), PAUSE, runtime()));
    }

    @Override
    List<String> line() {
        return List.of("crio", "--config", config().toString(), "--config-dir", "");
    }

    @Override
    void load(String image, Path layout) {
        Command.of(
                        "skopeo",
                        "copy",
                        "-q",
                        "oci:" + layout + ":latest",
                        "containers-storage:[overlay@%1$s/root+%1$s/run]%2$s".formatted(folder(), image))
                .run()
                .ok();
    }
}
