package hako.bench;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The VMM without Hako: the command line of one of Hako's own sandboxes, read from a running one, so kernel, machine,
 * processor, memory and devices are the same; only where its channels lead differs.
 */
final class BareVmm {
    /** What the bare init says. */
    static final String PID_1 = "hako-bench: pid 1";

    /** Options whose value is dealt with beside them. */
    private static final Set<String> TAKEN =
            Set.of("-initrd", "-chardev", "-mon", "-blockdev", "-netdev", "-incoming", "-device", "-object");

    private static final Pattern DISK_FILE = Pattern.compile("\"filename\":\"[^\"]*\"");
    private static final Pattern CARD = Pattern.compile("id=[^,]*");

    private BareVmm() {}

    /**
     * Its console is standard output; its guest says {@link #PID_1} and ends. All its disks are the image, which is mounted by
     * nobody; its network card leads nowhere.
     */
    static List<String> saying(Node node, Tools tools) {
        String id = node.detached("pattern", "sleep", "1000");
        List<String> line = of(
                ProcFiles.commandLine(node.vmm(id)),
                tools.bareInitramfs(),
                "null,id=agent",
                Optional.of(tools.rootErofs()));
        node.remove("pattern");
        return line;
    }

    /** With Hako's own guest, whose agent is reached by a socket. */
    static List<String> agent(Node node, Path initramfs, Path socket, Path disk) {
        String id = node.detached("pattern", "sleep", "1000");
        List<String> line = new ArrayList<>(of(
                ProcFiles.commandLine(node.vmm(id)),
                initramfs,
                "socket,id=agent,path=%s,server=on,wait=off".formatted(socket),
                Optional.empty()));
        node.remove("pattern");
        line.addAll(List.of(
                "-drive",
                "if=none,id=root,format=raw,readonly=on,file=" + disk,
                "-device",
                "virtio-blk-pci,drive=root,serial=root"));
        return line;
    }

    /** Without a disk, it has no network card either. */
    private static List<String> of(List<String> pattern, Path initramfs, String agentChannel, Optional<Path> disk) {
        List<String> line = new ArrayList<>();
        for (int i = 0; i < pattern.size(); i++) {
            String word = pattern.get(i);
            String value = i + 1 < pattern.size() ? pattern.get(i + 1) : "";
            switch (word) {
                case "-no-shutdown" -> {}
                case "-initrd" -> add(line, word, initramfs.toString());
                case "-chardev" -> addChannel(line, value, agentChannel);
                // what leads to one sandbox's own; a saved state
                case "-mon", "-incoming" -> {}
                case "-blockdev" -> disk.ifPresent(file -> add(line, word, ofDisk(value, file)));
                case "-netdev" -> disk.ifPresent(_ -> add(line, word, ofCard(value)));
                case "-device" -> {
                    if (disk.isPresent() || !value.startsWith("{")) {
                        add(line, word, value);
                    }
                }
                case "-object" ->
                    add(
                            line,
                            word,
                            value.replaceFirst("memory-backend-file,", "memory-backend-memfd,")
                                    .replaceFirst("mem-path=[^,]*,share=(on|off)", "share=on"));
                default -> line.add(word);
            }
            if (TAKEN.contains(word)) {
                i++;
            }
        }
        return line;
    }

    /** Read, by as many as want to. */
    private static String ofDisk(String value, Path file) {
        return DISK_FILE
                .matcher(value)
                .replaceAll(Matcher.quoteReplacement("\"filename\":\"%s\"".formatted(file)))
                .replace("\"read-only\":false", "\"read-only\":true");
    }

    private static String ofCard(String value) {
        Matcher id = CARD.matcher(value);
        if (!id.find()) {
            throw new BenchmarkException("a network card without an id: " + value);
        }
        return "user," + id.group();
    }

    private static void addChannel(List<String> line, String channel, String agentChannel) {
        if (channel.contains("id=agent")) {
            add(line, "-chardev", agentChannel);
        } else if (channel.contains("id=console")) {
            add(line, "-chardev", "stdio,id=console,signal=off");
        } else if (!channel.contains("id=qmp")) {
            add(line, "-chardev", channel);
        }
    }

    private static void add(List<String> line, String option, String value) {
        line.add(option);
        line.add(value);
    }
}
