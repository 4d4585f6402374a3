package hako.vm.qemu;

import hako.vm.VmExit;
import hako.vm.VmExit.Cause;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Why a guest stopped its machine, by what QEMU and the console say. */
final class GuestEnd {
    /** {@code panic()}, {@code kernel/panic.c}. */
    private static final Pattern PANIC = Pattern.compile("Kernel panic - not syncing: ([^\n]{1,200})");

    private GuestEnd() {}

    /** @param why {@code ShutdownCause}, {@code qapi/run-state.json} */
    static VmExit of(String why, String console) {
        Matcher panic = PANIC.matcher(console);
        if (panic.find()) {
            return new VmExit(
                    Cause.GUEST_PANIC, "the guest's kernel panicked: %s%s".formatted(panic.group(1), tail(console)));
        }
        return switch (why) {
            case "guest-shutdown" -> new VmExit(Cause.ASKED, "the guest powered off");
            case "guest-reset", "guest-panic" ->
                new VmExit(Cause.GUEST_PANIC, "the guest reset its machine" + tail(console));
            case "host-signal" -> new VmExit(Cause.VMM_DIED, "QEMU was told to end by a signal");
            default -> new VmExit(Cause.VMM_DIED, "the machine stopped (%s)%s".formatted(why, tail(console)));
        };
    }

    private static String tail(String console) {
        return console.isBlank() ? "; its console is empty" : "; its console ends:\n" + console.strip();
    }
}
