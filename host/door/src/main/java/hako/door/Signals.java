package hako.door;

import java.util.List;
import java.util.Locale;
import java.util.Set;

/** Signals by name and number on x86-64 and arm64 ({@code signal(7)}). */
public final class Signals {
    public static final int SIGHUP = 1;
    public static final int SIGINT = 2;
    public static final int SIGQUIT = 3;
    public static final int SIGKILL = 9;
    public static final int SIGPIPE = 13;
    public static final int SIGTERM = 15;

    private static final int SIGNALLED = 128;
    private static final int FIRST_REALTIME = 34;
    private static final int LAST_REALTIME = 64;

    /** By number, from 1. */
    private static final List<String> NAMES = List.of(
            "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM",
            "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF",
            "WINCH", "IO", "PWR", "SYS");

    /** CHLD, CONT, STOP, TSTP, TTIN, TTOU, URG, WINCH. */
    private static final Set<Integer> HARMLESS = Set.of(17, 18, 19, 20, 21, 22, 23, 28);

    private Signals() {}

    /** @param text {@code TERM}, {@code SIGTERM}, {@code 15}, {@code RTMIN+3} */
    public static int number(String text) {
        String name = text.toUpperCase(Locale.ROOT);
        if (name.matches("\\d{1,2}")) {
            int number = Integer.parseInt(name);
            if (number >= 1 && number <= LAST_REALTIME) {
                return number;
            }
        }
        name = name.startsWith("SIG") ? name.substring(3) : name;
        int index = NAMES.indexOf(name);
        if (index >= 0) {
            return index + 1;
        }
        int realtime = realtime(name);
        if (realtime >= FIRST_REALTIME && realtime <= LAST_REALTIME) {
            return realtime;
        }
        throw new IllegalArgumentException("there is no such signal");
    }

    private static int realtime(String name) {
        if (name.matches("RTMIN(\\+\\d{1,2})?")) {
            return FIRST_REALTIME + (name.length() > 6 ? Integer.parseInt(name.substring(6)) : 0);
        }
        if (name.matches("RTMAX(-\\d{1,2})?")) {
            return LAST_REALTIME - (name.length() > 6 ? Integer.parseInt(name.substring(6)) : 0);
        }
        return 0;
    }

    /** Of a process, or a call, that this signal ended; as shells report it. */
    public static int exitCode(int signal) {
        return SIGNALLED + signal;
    }

    /** Whether a process ends at it that has made no other provision ({@code signal(7)}, Standard signals). */
    public static boolean endsByDefault(int number) {
        return !HARMLESS.contains(number);
    }

    /** {@code SIGTERM}; a number where there is no name. */
    public static String name(int number) {
        return number >= 1 && number <= NAMES.size() ? "SIG" + NAMES.get(number - 1) : String.valueOf(number);
    }
}
