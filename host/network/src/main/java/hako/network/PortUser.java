package hako.network;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Who has a port of the host: found by the socket's inode, which {@code /proc/net/tcp} gives for the port ({@code
 * proc_pid_net(5)}) and which the links in {@code /proc/PID/fd} name. Slow; for messages only.
 */
record PortUser(String program, long pid) {
    private static final int LOCAL_ADDRESS = 1;
    private static final int STATE = 3;
    private static final int INODE = 9;

    /** A listening TCP socket; an idle UDP socket is in the state 07. */
    private static final String LISTEN = "0A";

    /**
     * {@code another program} with pid 0 when the port is taken and it cannot be seen by whom; empty when it is not
     * taken.
     */
    static Optional<PortUser> of(String protocol, int port) {
        Set<String> sockets = sockets(protocol, port);
        if (sockets.isEmpty()) {
            return Optional.empty();
        }
        try (Stream<Path> processes = Files.list(Path.of("/proc"))) {
            return processes
                    .filter(p -> p.getFileName().toString().matches("[0-9]+"))
                    .filter(p -> hasOne(p, sockets))
                    .findFirst()
                    .map(p ->
                            new PortUser(name(p), Long.parseLong(p.getFileName().toString())))
                    .or(() -> Optional.of(new PortUser("another program", 0)));
        } catch (IOException e) {
            return Optional.of(new PortUser("another program", 0));
        }
    }

    /** As the links name them: {@code socket:[4711]}. */
    private static Set<String> sockets(String protocol, int port) {
        Set<String> sockets = new HashSet<>();
        String end = String.format(":%04X", port);
        for (String table : List.of(protocol, protocol + "6")) {
            try (Stream<String> lines =
                    Files.lines(Path.of("/proc/thread-self/net", table), StandardCharsets.ISO_8859_1)) {
                lines.map(line -> line.strip().split("\\s+"))
                        .filter(f -> f.length > INODE && f[LOCAL_ADDRESS].endsWith(end))
                        .filter(f -> protocol.equals("udp") || f[STATE].equals(LISTEN))
                        .forEach(f -> sockets.add("socket:[" + f[INODE] + "]"));
            } catch (IOException e) {
                // no IPv6 here
            }
        }
        return sockets;
    }

    private static boolean hasOne(Path process, Set<String> sockets) {
        try (Stream<Path> links = Files.list(process.resolve("fd"))) {
            return links.anyMatch(link -> {
                try {
                    return sockets.contains(Files.readSymbolicLink(link).toString());
                } catch (IOException e) {
                    return false;
                }
            });
        } catch (IOException e) {
            return false;
        }
    }

    private static String name(Path process) {
        try {
            return Files.readString(process.resolve("comm"), StandardCharsets.ISO_8859_1)
                    .strip();
        } catch (IOException e) {
            return "a program";
        }
    }

    @Override
    public String toString() {
        return pid == 0 ? program : program + " (process " + pid + ")";
    }
}
