package hako.it;

import java.nio.file.Path;
import java.util.Locale;

/** What a guest in evil hands does to its host, built as an initramfs whose init does just that. */
enum HostileGuest {
    /** Bytes without any sense, for ever. */
    GARBAGE,
    /** A frame of 4 GB. */
    HUGE,
    /** Well-formed answers that nobody asked for, for ever. */
    UNASKED,
    /** Success and nonsense to every request. */
    LIAR,
    /** Reads and never answers. */
    SILENT,
    /** PID 1 ends: a panic. */
    QUIT;

    /** Compiles it; the path of the initramfs, in the folder. */
    Path initramfs(Path folder) {
        String deed = name().toLowerCase(Locale.ROOT);
        Path initramfs = folder.resolve(deed + ".cpio");
        Path program = CProgram.compile(
                "hostile-init.c", folder, deed, "-DDEED=" + deed, "-DDEED_NEEDS_PORT=" + (this == QUIT ? 0 : 1));
        Command.of(
                        Build.sources().resolve("guest/os/build-initramfs").toString(),
                        initramfs.toString(),
                        program.toString())
                .run()
                .ok();
        return initramfs;
    }
}
