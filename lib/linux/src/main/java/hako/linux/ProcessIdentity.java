package hako.linux;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A process that can be recognised after the daemon's own death: pids are used again, pid and start time together are
 * not.
 *
 * @param startTime clock ticks since boot, field 22 of {@code /proc/PID/stat} ({@code proc_pid_stat(5)})
 */
public record ProcessIdentity(long pid, long startTime) {
    private static final int STATE = 3;
    private static final int START_TIME = 22;

    /** Of a process that is there now, a zombie included. */
    public static Optional<ProcessIdentity> of(long pid) {
        String[] fields = stat(pid);
        return fields.length == 0
                ? Optional.empty()
                : Optional.of(new ProcessIdentity(pid, Long.parseLong(field(fields, START_TIME))));
    }

    /** Whether it still runs: it is there, it is the same, and it is no zombie. */
    public boolean isAlive() {
        String[] fields = stat(pid);
        return fields.length != 0
                && Long.parseLong(field(fields, START_TIME)) == startTime
                && !field(fields, STATE).equals("Z")
                && !field(fields, STATE).equals("X");
    }

    /** Its pidfd, checked to be the same process; empty when that is gone. */
    public Optional<Fd> open() {
        Fd fd;
        try {
            fd = PidFd.open(pid);
        } catch (LinuxException e) {
            if (e.errno() == Errno.ESRCH) {
                return Optional.empty();
            }
            throw e;
        }
        // In this order: what is the same now was the same when it was opened.
        if (isAlive()) {
            return Optional.of(fd);
        }
        fd.close();
        return Optional.empty();
    }

    /** Proportional set size in bytes: shared pages divided by those who share them. 0 when it is gone. */
    public long pss() {
        try {
            for (String line : Files.readAllLines(proc("smaps_rollup"), StandardCharsets.ISO_8859_1)) {
                if (line.startsWith("Pss:")) {
                    return Long.parseLong(line.replaceAll("[^0-9]", "")) * 1024;
                }
            }
            return 0;
        } catch (IOException e) {
            return 0;
        }
    }

    private Path proc(String file) {
        return Path.of("/proc/" + pid + "/" + file);
    }

    /** Fields from the third on; the second is the command in parentheses, which may hold blanks and parentheses. */
    private static String[] stat(long pid) {
        try {
            String stat = Files.readString(Path.of("/proc/" + pid + "/stat"), StandardCharsets.ISO_8859_1);
            return stat.substring(stat.lastIndexOf(')') + 2).split(" ");
        } catch (IOException e) {
            return new String[0];
        }
    }

    private static String field(String[] fields, int number) {
        return fields[number - STATE];
    }
}
