package hako.it;

import java.nio.file.Path;

/** Where {@code ./dev build} left what is tested. */
final class Build {
    private Build() {}

    static Path folder() {
        String given = System.getenv("HAKO_BUILD");
        return given == null ? sources().resolve("build") : Path.of(given);
    }

    /** The root of the source tree: tests run in {@code tests/it}. */
    static Path sources() {
        return Path.of("../..").toAbsolutePath().normalize();
    }

    static Path hako() {
        return Path.of(
                System.getProperty("hako.bin", folder().resolve("bin/hako").toString()));
    }

    static Path runtime() {
        return hako().resolveSibling("hako-runtime");
    }

    static Path busybox() {
        return folder().resolve("guest/busybox.tar");
    }

    static Path kernel() {
        return folder().resolve("guest/vmlinux");
    }

    static Path hostBusybox() {
        return Path.of("/usr/bin/busybox");
    }
}
