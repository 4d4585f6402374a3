package hako.bench;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Processes as /proc tells of them. */
final class ProcFiles {
    private ProcFiles() {}

    /** Processes whose command line has the text in it. */
    static List<Long> withCommandLine(String text) {
        return ProcessHandle.allProcesses()
                .map(ProcessHandle::pid)
                .filter(pid -> read(pid, "cmdline").contains(text))
                .toList();
    }

    static List<Long> withEnvironment(String entry) {
        return ProcessHandle.allProcesses()
                .map(ProcessHandle::pid)
                .filter(pid -> List.of(read(pid, "environ").split("\0")).contains(entry))
                .toList();
    }

    static List<String> commandLine(long pid) {
        return List.of(read(pid, "cmdline").split("\0"));
    }

    /** Proportional set size, bytes. */
    static long pss(long pid) {
        return number(read(pid, "smaps_rollup"), "Pss");
    }

    /** A value of smaps or smaps_rollup, bytes. */
    static long number(String smaps, String key) {
        return smaps.lines()
                        .filter(line -> line.startsWith(key + ":"))
                        .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
                        .sum()
                << 10;
    }

    static String read(long pid, String file) {
        return read(Path.of("/proc", Long.toString(pid), file));
    }

    static String read(Path file) {
        try {
            return Files.readString(file, StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            return "";
        }
    }
}
