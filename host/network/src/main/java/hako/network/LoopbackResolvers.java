package hako.network;

import hako.linux.Fd;
import hako.linux.Io;
import hako.linux.LinuxException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * Name servers on the loopback of a network namespace, as a resolv.conf names them: Docker's is there. A container may write
 * that file, if not choose it.
 */
public final class LoopbackResolvers {
    /** resolv.conf(5), MAXNS */
    private static final int MOST = 3;

    private static final int MOST_BYTES = 64 << 10;

    private LoopbackResolvers() {}

    /** Addresses; none for files that cannot be read. */
    public static List<String> in(List<Path> files) {
        return files.stream()
                .flatMap(file -> servers(file).limit(MOST))
                .distinct()
                .limit(MOST)
                .toList();
    }

    private static Stream<String> servers(Path file) {
        return read(file)
                .lines()
                .map(line -> line.strip().split("\\s+", 3))
                .filter(words -> words.length > 1 && words[0].equals("nameserver"))
                .map(words -> words[1])
                .filter(LoopbackResolvers::isLoopback);
    }

    private static boolean isLoopback(String server) {
        try {
            InetAddress address = Inet4Address.ofLiteral(server);
            return address.isLoopbackAddress() && address.getHostAddress().equals(server);
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    /** Never waits for what is no file. */
    private static String read(Path file) {
        byte[] bytes = new byte[MOST_BYTES];
        try (Fd fd = Fd.open(file, Fd.O_RDONLY | Fd.O_NONBLOCK | Fd.O_NOFOLLOW, 0)) {
            int length = Math.max(0, Io.read(fd, bytes, 0, bytes.length));
            return new String(bytes, 0, length, StandardCharsets.ISO_8859_1);
        } catch (LinuxException e) {
            return "";
        }
    }
}
