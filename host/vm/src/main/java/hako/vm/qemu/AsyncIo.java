package hako.vm.qemu;

import hako.linux.IoUring;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

/** How QEMU reads and writes disks: by io_uring where the kernel and QEMU have it, else by threads. */
final class AsyncIo {
    /** What a QEMU that was built with it needs: its name is in the file. */
    private static final String LIBRARY = "liburing.so";

    private static final int CHUNK = 64 << 10;
    private static final Map<Path, Boolean> KNOWN = new ConcurrentHashMap<>();

    private AsyncIo() {}

    /** @param binary a path, or a name to be searched in {@code PATH} */
    static boolean isRing(Path binary) {
        return IoUring.isAvailable() && KNOWN.computeIfAbsent(binary, AsyncIo::names);
    }

    /** A QEMU that cannot be found is told of when it is to be started. */
    private static boolean names(Path binary) {
        return places(binary).filter(Files::isRegularFile).findFirst().stream().anyMatch(AsyncIo::contains);
    }

    private static Stream<Path> places(Path binary) {
        return binary.isAbsolute()
                ? Stream.of(binary)
                : Stream.of(HostProcess.PATH.split(":"))
                        .map(folder -> Path.of(folder).resolve(binary));
    }

    static boolean contains(Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            String end = "";
            for (byte[] chunk = in.readNBytes(CHUNK); chunk.length > 0; chunk = in.readNBytes(CHUNK)) {
                String text = end + new String(chunk, StandardCharsets.ISO_8859_1);
                if (text.contains(LIBRARY)) {
                    return true;
                }
                end = text.substring(Math.max(0, text.length() - LIBRARY.length()));
            }
            return false;
        } catch (IOException e) {
            return false;
        }
    }
}
