package hako.it;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** A containerd below a folder of the test's; its shim for runc is given another program to call. Threads: any. */
final class Containerd implements AutoCloseable {
    static final String IMAGE = "docker.io/library/words:test";

    private final Path folder = Temporary.folder("cd");
    private final Running daemon;

    Containerd() {
        Path config = Temporary.write(folder.resolve("config.toml"), """
                version = 2
                root = "%1$s/root"
                state = "%1$s/state"
                disabled_plugins = ["io.containerd.grpc.v1.cri"]
                [grpc]
                address = "%1$s/s"
                """.formatted(folder));
        daemon = Command.of("containerd", "--config", config.toString()).start();
        daemon.serves(
                "containerd",
                Duration.ofSeconds(20),
                () -> Files.exists(folder.resolve("s")) && run("version").exitCode() == 0);
        Path layout = TestImages.layout(folder.resolve("image"), "words\n");
        run(
                        "image",
                        "import",
                        TestImages.dockerArchive(layout, folder.resolve("image.tar"), IMAGE)
                                .toString())
                .ok();
    }

    Result run(String... arguments) {
        List<String> line = new ArrayList<>(List.of("ctr", "-a", folder + "/s"));
        line.addAll(List.of(arguments));
        return Command.of(line).run();
    }

    @Override
    public void close() {
        daemon.endDaemon();
        Traces.mountsBelow(folder)
                .reversed()
                .forEach(path -> Command.of("umount", "-l", path).run());
        Temporary.delete(folder);
    }
}
