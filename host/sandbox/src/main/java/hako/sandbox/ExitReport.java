package hako.sandbox;

import java.time.Instant;

/**
 * How a process ended.
 *
 * @param code 0-255; 128 + n when signal n ended it, 137 when its VM was lost
 * @param oomKilled the guest's kernel killed it for want of memory
 * @param reason empty for an ordinary exit; otherwise what went wrong, for people
 */
public record ExitReport(int code, Instant at, boolean oomKilled, String reason) {
    /** As a shell reports SIGKILL; a process whose VM died is never reported as a success. */
    static final int LOST = 137;

    public static ExitReport lost(String reason, Instant at) {
        return new ExitReport(LOST, at, false, reason);
    }
}
