package hako.it;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;

/**
 * What came of a command that has ended.
 *
 * @param exitCode 128 + n when signal n ended it
 * @param output bytes of standard output
 */
record Result(List<String> command, int exitCode, byte[] output, String err, Duration took) {
    String out() {
        return new String(output, StandardCharsets.UTF_8);
    }

    List<String> lines() {
        return out().lines().toList();
    }

    /** @throws AssertionError with all that was said, when the exit code is not 0 */
    Result ok() {
        return exits(0);
    }

    Result exits(int code) {
        if (exitCode != code) {
            throw new AssertionError("expected exit code %d of %s".formatted(code, this));
        }
        return this;
    }

    @Override
    public String toString() {
        return "%s: exit code %d in %d ms%nstdout (%d bytes): %s%nstderr: %s"
                .formatted(String.join(" ", command), exitCode, took.toMillis(), output.length, end(out()), end(err));
    }

    private static String end(String text) {
        return text.length() <= 2000 ? text : "…" + text.substring(text.length() - 2000);
    }
}
