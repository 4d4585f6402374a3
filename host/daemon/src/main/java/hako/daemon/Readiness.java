package hako.daemon;

import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/**
 * Tells whoever started the daemon that it serves, or why it cannot: a line on the pipe whose number is in
 * {@code HAKO_READY_FD}. A bare newline is success.
 */
final class Readiness {
    private final OutputStream pipe;

    private Readiness(OutputStream pipe) {
        this.pipe = pipe;
    }

    static Readiness of(Map<String, String> environment) {
        String number = environment.getOrDefault("HAKO_READY_FD", "");
        if (!number.matches("\\d{1,5}")) {
            return new Readiness(OutputStream.nullOutputStream());
        }
        try {
            OutputStream pipe = new FileOutputStream("/proc/self/fd/" + number);
            hako.linux.Fd.own(Integer.parseInt(number)).close(); // no child may inherit it
            return new Readiness(pipe);
        } catch (IOException e) {
            return new Readiness(OutputStream.nullOutputStream());
        }
    }

    void ready() {
        say("\n");
    }

    void failed(String reason) {
        say(reason.replace('\n', ' ') + "\n");
    }

    private void say(String line) {
        try (pipe) {
            pipe.write(line.getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            // whoever started us does not wait any more
        }
    }
}
