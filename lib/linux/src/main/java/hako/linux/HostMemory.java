package hako.linux;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What this host has of it: {@code /proc/meminfo} (proc_meminfo(5)). */
public final class HostMemory {
    private static final Path MEMINFO = Path.of("/proc/meminfo");
    private static final String AVAILABLE = "MemAvailable:";

    /** {@code include/uapi/linux/prctl.h} */
    private static final int PR_SET_THP_DISABLE = 41;

    private HostMemory() {}

    /** Bytes that programs could get without any swapping. */
    public static long available() {
        try {
            return Files.readAllLines(MEMINFO).stream()
                            .filter(line -> line.startsWith(AVAILABLE))
                            .mapToLong(HostMemory::kibibytes)
                            .findFirst()
                            .orElseThrow(() -> new IllegalStateException(MEMINFO + " has no " + AVAILABLE))
                    << 10;
        } catch (IOException e) {
            throw new UncheckedIOException("read " + MEMINFO, e);
        }
    }

    /** This process, and all that it starts from now on, is given pages of the usual size only, whatever it asks for. */
    public static void refuseHugePages() {
        Syscall.check(Syscall.call(Syscall.PRCTL, PR_SET_THP_DISABLE, 1), "prctl", "refuse huge pages");
    }

    private static long kibibytes(String line) {
        return Long.parseLong(line.replaceAll("[^0-9]", ""));
    }
}
