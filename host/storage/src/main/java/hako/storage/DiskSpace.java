package hako.storage;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** What is left of a file system. */
public final class DiskSpace {
    private static final double MIB = 1 << 20;

    private DiskSpace() {}

    /** Bytes that may still be written below {@code directory}. */
    public static long available(Path directory) throws IOException {
        return Files.getFileStore(directory).getUsableSpace();
    }

    /**
     * Refuses early, before half of something is written.
     *
     * @param action what the space is for, {@code "unpack image hako/busybox"}
     */
    public static void require(Path directory, long bytes, String action) throws IOException {
        long available = available(directory);
        if (available < bytes) {
            throw StorageException.noSpace(
                    "%s: %s has %.1f MB left and %.1f MB are needed; free some space or remove images"
                            .formatted(action, directory, available / MIB, bytes / MIB));
        }
    }

    /** Whether the kernel refused for want of space or quota: the JDK shows the error's text only. */
    public static boolean isExhausted(IOException e) {
        String message = String.valueOf(e.getMessage());
        return message.contains("No space left on device") || message.contains("Disk quota exceeded");
    }
}
