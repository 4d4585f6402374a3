package hako.it;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Processes of this host, told by what /proc says of them. */
final class Processes {
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    private Processes() {}

    /** Those whose command line has the text in it. */
    static List<Long> withCommandLine(String text) {
        return all().filter(pid -> commandLine(pid).contains(text)).toList();
    }

    /** Those that were started with the variable. */
    static List<Long> withEnvironment(String variable, String value) {
        String entry = variable + "=" + value;
        return all().filter(pid -> List.of(read(pid, "environ").split("\0")).contains(entry))
                .toList();
    }

    /** VMMs and what serves them, of one node: each is started with its VM's folder in its environment, or names the node's. */
    static List<Long> ofVms(Path home) {
        String entry = "HAKO_VM_DIRECTORY=" + home + "/";
        return Stream.concat(
                        all().filter(pid ->
                                Stream.of(read(pid, "environ").split("\0")).anyMatch(e -> e.startsWith(entry))),
                        withCommandLine(home + "/").stream())
                .distinct()
                .toList();
    }

    private static Stream<Long> all() {
        return ProcessHandle.allProcesses().map(ProcessHandle::pid).filter(Processes::isAlive);
    }

    static String commandLine(long pid) {
        return read(pid, "cmdline").replace('\0', ' ').strip();
    }

    private static String read(long pid, String file) {
        try {
            return Files.readString(Path.of("/proc", Long.toString(pid), file), StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            return ""; // it has ended
        }
    }

    /** Neither gone nor a zombie. */
    static boolean isAlive(long pid) {
        return state(pid).filter(state -> state != 'Z' && state != 'X').isPresent();
    }

    private static Optional<Character> state(long pid) {
        String stat = read(pid, "stat");
        int end = stat.lastIndexOf(')');
        return end < 0 ? Optional.empty() : Optional.of(stat.charAt(end + 2));
    }

    /** Proportional set size, bytes. */
    static long pss(long pid) {
        return memory(pid, "Pss:");
    }

    /** Bytes of its own memory that lie in transparent huge pages. */
    static long hugePages(long pid) {
        return memory(pid, "AnonHugePages:");
    }

    private static long memory(long pid, String kind) {
        return read(pid, "smaps_rollup")
                        .lines()
                        .filter(line -> line.startsWith(kind))
                        .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
                        .sum()
                << 10;
    }

    static void signal(long pid, String name) {
        Command.of("kill", "-" + name, Long.toString(pid)).run();
    }

    /** SIGKILL, and returns when the last of its threads has ended, and with it all it had open. */
    static void kill(long pid) {
        signal(pid, "KILL");
        Await.until("process " + pid + " to end", PATIENCE, () -> !isAlive(pid) && threads(pid) <= 1);
    }

    private static int threads(long pid) {
        String[] tasks = Path.of("/proc", Long.toString(pid), "task").toFile().list();
        return tasks == null ? 0 : tasks.length;
    }
}
