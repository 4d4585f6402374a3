package hako.vm.qemu;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What {@code ./dev build} left for guests. */
final class GuestFiles {
    private static final Path GUEST = build().resolve("guest");

    private GuestFiles() {}

    private static Path build() {
        String given = System.getenv("HAKO_BUILD");
        return given == null ? Path.of("../../build").toAbsolutePath().normalize() : Path.of(given);
    }

    static Path kernel() {
        return GUEST.resolve("vmlinux");
    }

    static Path initramfs() {
        return GUEST.resolve("initramfs.cpio");
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
