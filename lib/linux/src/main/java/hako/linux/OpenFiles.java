package hako.linux;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** How many files this process, and what it starts, may have open: {@code RLIMIT_NOFILE}, as {@code proc_pid_limits(5)} tells. */
public final class OpenFiles {
    private static final Path LIMITS = Path.of("/proc/self/limits");
    private static final String NAME = "Max open files";

    private OpenFiles() {}

    /** The hard limit: whoever is to pass it needs {@code CAP_SYS_RESOURCE}. */
    public static long most() {
        try {
            return most(Files.readString(LIMITS));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A line is: name, soft limit, hard limit, unit. */
    static long most(String limits) {
        return limits.lines()
                .filter(line -> line.startsWith(NAME))
                .map(line -> line.substring(NAME.length()).trim().split(" +")[1])
                .mapToLong(limit -> limit.equals("unlimited") ? Long.MAX_VALUE : Long.parseLong(limit))
                .findFirst()
                .orElseThrow(() -> new IllegalStateException(LIMITS + " has no \"" + NAME + "\""));
    }
}
