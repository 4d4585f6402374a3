package hako.vm.qemu;

import hako.vm.VmExit;
import hako.vm.VmExit.Cause;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Why a guest stopped its machine, by what QEMU and the console say. */
final class GuestEnd {
    /** {@code panic()}, {@code kernel/panic.c}. */
    private static final Pattern PANIC = Pattern.compile("Kernel panic - not syncing: ([^\n]{1,200})");

    /** {@code oops_end()}, {@code arch/x86/kernel/dumpstack.c}: what was wrong stands before it. */
    private static final String AFTER_OOPS = "Fatal exception";

    private static final Pattern OOPS = Pattern.compile("(?m)^(?:BUG: |kernel BUG at |Oops: )[^\n]{1,200}");

    /** From what was wrong to the oops that it led to. */
    private static final int OOPS_CHARS = 400;

    /** Of the console, in a reason. */
    private static final int TAIL_CHARS = 2000;

    private GuestEnd() {}

    /**
     * @param why {@code ShutdownCause}, {@code qapi/run-state.json}
     * @param console as much of its end as there is
     */
    static VmExit of(String why, String console) {
        Matcher panic = PANIC.matcher(console);
        if (!why.equals("guest-shutdown") && panic.find()) {
            return new VmExit(
                    Cause.GUEST_PANIC,
                    "the guest's kernel panicked: %s%s".formatted(reason(panic.group(1), console), tail(console)));
        }
        return switch (why) {
            case "guest-shutdown" -> new VmExit(Cause.ASKED, "the guest powered off");
            case "guest-reset", "guest-panic" ->
                new VmExit(Cause.GUEST_PANIC, "the guest reset its machine" + tail(console));
            case "host-signal" -> new VmExit(Cause.VMM_DIED, "QEMU was told to end by a signal");
            default -> new VmExit(Cause.VMM_DIED, "the machine stopped (%s)%s".formatted(why, tail(console)));
        };
    }

    private static String reason(String panic, String console) {
        if (!panic.startsWith(AFTER_OOPS)) {
            return panic;
        }
        List<MatchResult> found = OOPS.matcher(console).results().toList();
        return found.stream()
                .filter(line -> line.start() > found.getLast().start() - OOPS_CHARS)
                .map(MatchResult::group)
                .findFirst()
                .orElse(panic);
    }

    private static String tail(String console) {
        return console.isBlank()
                ? "; its console is empty"
                : "; its console ends:\n"
                        + console.substring(Math.max(0, console.length() - TAIL_CHARS))
                                .strip();
    }
}
