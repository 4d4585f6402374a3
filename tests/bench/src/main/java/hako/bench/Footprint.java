package hako.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Host memory of processes, by kind. Proportional set sizes; only what lies in memory files that they share, such as a guest's
 * memory, is counted whole and once: a clone's is a copy, of which most is not mapped by anybody at first.
 *
 * @param bytes by kind
 */
record Footprint(Map<String, Long> bytes) {
    static final String GUEST = "guest's memory, as far as it has been touched";
    static final String TRANSLATED = "translated code";

    private static final String MEMORY_FILE = "/memfd:";
    private static final int BLOCK_BYTES = 512;
    private static final double MIB = 1 << 20;

    static final Footprint NONE = new Footprint(Map.of());

    static Footprint of(List<Long> pids) {
        Map<String, Long> sizes = new LinkedHashMap<>();
        Set<String> memoryFiles = new HashSet<>();
        for (long pid : pids) {
            String kind = "";
            for (String line : ProcFiles.read(pid, "smaps").lines().toList()) {
                if (line.matches("[0-9a-f]+-[0-9a-f]+ .*")) {
                    kind = isSharedMemory(line) ? "" : kind(line);
                    if (kind.isEmpty()) {
                        memoryFiles.add(inode(line));
                    }
                } else if (line.startsWith(measure(kind)) && !kind.isEmpty()) {
                    sizes.merge(kind, Long.parseLong(line.replaceAll("\\D", "")) << 10, Long::sum);
                }
            }
        }
        for (long pid : pids) {
            filesOf(pid).forEach((inode, size) -> {
                if (memoryFiles.remove(inode)) {
                    sizes.merge(GUEST, size, Long::sum);
                }
            });
        }
        return new Footprint(sizes);
    }

    /** Of each of so many, on average, of which this is the whole. */
    Footprint each(int count) {
        Map<String, Long> sizes = new LinkedHashMap<>(bytes);
        sizes.replaceAll((_, size) -> size / count);
        return new Footprint(sizes);
    }

    double megabytes() {
        return bytes.values().stream().mapToLong(Long::longValue).sum() / MIB;
    }

    /** {@code addresses permissions offset device inode path}. */
    private static boolean isSharedMemory(String line) {
        String[] words = line.split("\\s+", 6);
        return words.length == 6 && words[1].endsWith("s") && words[5].startsWith(MEMORY_FILE);
    }

    /** Of a template mapped privately, the pages that are not the template's any more: that is counted once, whole. */
    private static String measure(String kind) {
        return kind.equals(GUEST) ? "Anonymous:" : "Pss:";
    }

    private static String inode(String line) {
        return line.split("\\s+", 6)[4];
    }

    private static String kind(String line) {
        String[] words = line.split("\\s+", 6);
        String permissions = words[1];
        String path = words.length == 6 ? words[5] : "";
        if (path.startsWith(MEMORY_FILE)) {
            return GUEST;
        }
        if (permissions.contains("w") && permissions.contains("x")) {
            return TRANSLATED;
        }
        if (path.startsWith("/")) {
            return path.contains(".so") ? "libraries" : "program and firmware";
        }
        return path.equals("[heap]") ? "heap (with the kernel's image, to be loaded)" : "other memory of its own";
    }

    /** Bytes in the memory files that a process has open, by inode. */
    private static Map<String, Long> filesOf(long pid) {
        Map<String, Long> sizes = new LinkedHashMap<>();
        try (Stream<Path> open = Files.list(Path.of("/proc/" + pid + "/fd"))) {
            for (Path fd : open.filter(Footprint::isMemoryFile).toList()) {
                String[] words = Execution.of("stat", "-L", "-c", "%i %b", fd.toString())
                        .strip()
                        .split(" ");
                sizes.put(words[0], Long.parseLong(words[1]) * BLOCK_BYTES);
            }
        } catch (IOException e) {
            throw new BenchmarkException("look at process " + pid + ": " + e.getMessage());
        }
        return sizes;
    }

    private static boolean isMemoryFile(Path fd) {
        try {
            return Files.readSymbolicLink(fd).toString().startsWith(MEMORY_FILE);
        } catch (IOException e) {
            return false; // closed meanwhile
        }
    }
}
