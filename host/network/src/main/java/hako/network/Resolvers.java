package hako.network;

import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * DNS servers for containers: the host's, as far as a container can reach them. One on the host's loopback it cannot;
 * the usual one there is systemd-resolved, which leaves the servers behind it in a file of its own.
 *
 * @param files looked at in this order until one names a server that can be reached
 */
record Resolvers(List<Path> files, List<String> fallback) {
    /** resolv.conf(5), MAXNS */
    private static final int MOST = 3;

    static Resolvers ofHost(List<String> fallback) {
        return new Resolvers(
                List.of(Path.of("/etc/resolv.conf"), Path.of("/run/systemd/resolve/resolv.conf")), fallback);
    }

    /** At most three IPv4 addresses. */
    List<String> servers() {
        return files.stream()
                .map(Resolvers::servers)
                .filter(servers -> !servers.isEmpty())
                .findFirst()
                .orElse(fallback);
    }

    private static List<String> servers(Path file) {
        try (Stream<String> lines = Files.lines(file, StandardCharsets.ISO_8859_1)) {
            return lines.map(line -> line.strip().split("\\s+"))
                    .filter(words -> words.length > 1 && words[0].equals("nameserver"))
                    .flatMap(words -> reachable(words[1]).stream())
                    .distinct()
                    .limit(MOST)
                    .toList();
        } catch (IOException e) {
            return List.of();
        }
    }

    private static Optional<String> reachable(String server) {
        try {
            InetAddress address = Inet4Address.ofLiteral(server);
            return address.isLoopbackAddress() || address.isAnyLocalAddress() ? Optional.empty() : Optional.of(server);
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }
}
