package hako.it;

import java.nio.file.Path;
import java.util.List;

/** containerd with its CRI plugin, whose shim for runc calls {@code hako-runtime}. */
final class ContainerdCri extends CriServer {
    ContainerdCri(HakoNode node) {
        super(node);
    }

    private Path config() {
        return folder().resolve("config.toml");
    }

    @Override
    void configure() {
        Temporary.write(config(), """
                version = 2
                root = "%1$s/root"
                state = "%1$s/state"
                [grpc]
                address = "%2$s"
                [plugins."io.containerd.grpc.v1.cri"]
                sandbox_image = "%3$s"
                netns_mounts_under_state_dir = true
                disable_apparmor = true
                restrict_oom_score_adj = true
                [plugins."io.containerd.grpc.v1.cri".cni]
                bin_dir = "/usr/lib/cni"
                conf_dir = "%1$s/cni"
                [plugins."io.containerd.grpc.v1.cri".containerd]
                default_runtime_name = "hako"
                [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.hako]
                runtime_type = "io.containerd.runc.v2"
                [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.hako.options]
                BinaryName = "%4$s"
                """.formatted(folder(), socket(), PAUSE, runtime()));
    }

    @Override
    List<String> line() {
        return List.of("containerd", "--config", config().toString());
    }

    /** From 1.7 on it takes a shim without processes for a leaked one: 255, with runc as well. */
    @Override
    long codeOfOneThatEndedMeanwhile() {
        String version = Command.of("containerd", "--version").run().ok().out();
        return version.matches("(?s).* v?1\\.[0-6]\\..*") ? 8 : 255;
    }

    @Override
    void load(String image, Path layout) {
        Path archive = TestImages.dockerArchive(layout, layout.resolveSibling("image.tar"), image);
        Command.of("ctr", "-a", socket(), "-n", "k8s.io", "images", "import", archive.toString())
                .run()
                .ok();
    }
}
