package hako.it;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** What of a node can be seen on the host: processes, mounts, taps, packet filter rules, files. */
record Traces(HakoNode node) {
    /** Everything a container brings and must take with it; the daemon, its bridge and the images stay. */
    List<String> ofContainers() {
        return Stream.of(helperProcesses(), mounts(), taps(), files())
                .flatMap(List::stream)
                .toList();
    }

    /** Processes that serve a sandbox: all that name the node's folder and are neither daemon nor door-step. */
    List<String> helperProcesses() {
        return Processes.ofVms(node.home()).stream()
                .map(pid -> "process %d: %s".formatted(pid, shortened(Processes.commandLine(pid))))
                .toList();
    }

    /** Every process of the node. */
    List<String> processes() {
        return Stream.concat(
                        Processes.ofVms(node.home()).stream(),
                        Processes.withEnvironment("HAKO_HOME", node.home().toString()).stream())
                .distinct()
                .map(pid -> "process %d: %s".formatted(pid, shortened(Processes.commandLine(pid))))
                .toList();
    }

    List<String> mounts() {
        return mountsBelow(node.home()).stream().map(path -> "mount " + path).toList();
    }

    static List<String> mountsBelow(Path folder) {
        return Temporary.read(Path.of("/proc/self/mountinfo"))
                .lines()
                .map(line -> line.split(" ")[4])
                .filter(path -> path.startsWith(folder + "/"))
                .toList();
    }

    /** Links plugged into the node's bridge. */
    List<String> taps() {
        if (!bridgeExists()) {
            return List.of();
        }
        return Command.of("ip", "-o", "link", "show", "master", node.bridge()).run().lines().stream()
                .map(line -> "link " + line.split(": ")[1])
                .toList();
    }

    boolean bridgeExists() {
        return Files.exists(Path.of("/sys/class/net", node.bridge()));
    }

    /** Tables of the packet filter that speak of the node's bridge. */
    List<String> packetFilterTables() {
        List<String> tables = new ArrayList<>();
        for (String line : Command.of("nft", "list", "tables").run().lines()) {
            String table = line.replaceFirst("^table ", "");
            List<String> list = new ArrayList<>(List.of("nft", "list", "table"));
            list.addAll(List.of(table.split(" ")));
            if (Command.of(list).run().out().contains("\"" + node.bridge() + "\"")) {
                tables.add(table);
            }
        }
        return tables;
    }

    /** Files of sandboxes and containers. */
    List<String> files() {
        return Stream.of("run/sandboxes", "lib/sandboxes", "lib/containers")
                .flatMap(folder -> Temporary.below(node.home().resolve(folder)).stream()
                        .map(path -> "file " + folder + "/" + path))
                .toList();
    }

    private static String shortened(String text) {
        return text.length() <= 200 ? text : text.substring(0, 200) + "…";
    }
}
