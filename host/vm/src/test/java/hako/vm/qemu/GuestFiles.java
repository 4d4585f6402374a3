package hako.vm.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;

/** What {@code ./dev guest} built; {@code -Dhako.kernel} and {@code -Dhako.initramfs} say otherwise. */
final class GuestFiles {
    private static final Path CACHE = Path.of(System.getProperty("user.home"), ".cache", "hako");

    private GuestFiles() {}

    static Path kernel() throws IOException {
        String given = System.getProperty("hako.kernel");
        if (given != null) {
            return Path.of(given);
        }
        try (Stream<Path> kernels = Files.list(CACHE.resolve("kernel"))) {
            return kernels.filter(f -> f.getFileName().toString().startsWith("vmlinux-"))
                    .max(Comparator.comparing(f -> f.toFile().lastModified()))
                    .orElseThrow();
        }
    }

    static Path initramfs() {
        return Path.of(System.getProperty(
                "hako.initramfs", CACHE.resolve("dev-initramfs.cpio").toString()));
    }

    /** A root file system with a {@code bin/true} that need not run. */
    static Path erofs(Path directory) throws IOException, InterruptedException {
        Path tree = directory.resolve("tree");
        for (String folder : new String[] {"bin", "dev", "proc", "sys", "etc", "tmp"}) {
            Files.createDirectories(tree.resolve(folder));
        }
        Files.copy(Path.of("/bin/true"), tree.resolve("bin/true"));
        Path image = directory.resolve("root.erofs");
        Process mkfs = new ProcessBuilder("mkfs.erofs", "--quiet", image.toString(), tree.toString())
                .redirectErrorStream(true)
                .start();
        String said = new String(mkfs.getInputStream().readAllBytes());
        assertThat(mkfs.waitFor()).as(said).isZero();
        return image;
    }
}
