package hako.bench;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Objects;

/** What is built and found for a measurement: the native programs in our resources, and what {@code ./dev build} left. */
record Tools(Path build, Path folder) {
    static Tools in(Path build) {
        try {
            return new Tools(build, Files.createDirectories(build.resolve("bench/tools")));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    Path hako() {
        return build.resolve("bin/hako");
    }

    Path agent() {
        return build.resolve("guest/hako-agent");
    }

    Path busybox() {
        return build.resolve("guest/busybox.tar");
    }

    Path sources() {
        return build.toAbsolutePath().getParent();
    }

    Path pace() {
        return compiled("pace");
    }

    /** An initramfs whose init says that it is there and ends the machine. */
    Path bareInitramfs() {
        Path initramfs = folder.resolve("bare.cpio.gz");
        Execution.of(
                sources().resolve("guest/os/build-initramfs").toString(),
                initramfs.toString(),
                compiled("bare_init").toString());
        return initramfs;
    }

    /** The image's root filesystem, unpacked. */
    Path busyboxRoot() {
        Path root = folder.resolve("busybox");
        if (!Files.exists(root.resolve("bin/busybox"))) {
            make(root);
            Execution.of("tar", "-xf", busybox().toString(), "-C", root.toString());
        }
        return root;
    }

    Path busyboxErofs() {
        Path image = folder.resolve("busybox.erofs");
        if (!Files.exists(image)) {
            Execution.of("mkfs.erofs", image.toString(), busyboxRoot().toString());
        }
        return image;
    }

    private static void make(Path folder) {
        try {
            Files.createDirectories(folder);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Static, so that it is a guest's init too. */
    private Path compiled(String name) {
        Path source = folder.resolve(name + ".rs");
        Path program = folder.resolve(name);
        try (InputStream text = Tools.class.getResourceAsStream(name + ".rs")) {
            Files.copy(Objects.requireNonNull(text), source, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Execution.of(
                "rustc",
                "--edition=2024",
                "-O",
                "-C",
                "target-feature=+crt-static",
                "-C",
                "panic=abort",
                "-o",
                program.toString(),
                source.toString());
        return program;
    }
}
