package hako.oci;

import hako.door.Json;
import hako.doorstep.Caller;
import hako.oci.GlobalOptions.LogFormat;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a call has to say when something goes wrong, in runc's forms: a line of {@code key=value} or of JSON in the file that
 * {@code --log} names, and the bare message on standard error; without a file the line alone, on standard error. Engines
 * read both. Threads: any.
 */
final class RuntimeLog {
    private static final Logger log = LoggerFactory.getLogger(RuntimeLog.class);

    private final @Nullable Path file;
    /** What the caller has of its own, its descriptors among it: nobody's, or another's, when it has ended. */
    private final Path own;

    private final LogFormat format;
    private final OutputStream stderr;
    private final InstantSource clock;

    /** @throws hako.base.HakoException where the path cannot be one */
    RuntimeLog(GlobalOptions options, Caller caller, InstantSource clock) {
        this(options, options.log.value(), caller, clock);
    }

    /**
     * Of a process that stays, whose working directory is not that of the call which left it.
     *
     * @param path as {@link #path} of that call says
     */
    RuntimeLog(GlobalOptions options, String path, Caller caller, InstantSource clock) {
        this.file = path.isEmpty() ? null : caller.path(path);
        this.own = Path.of("/proc", Long.toString(caller.pid()));
        this.format = options.logFormat.value();
        this.stderr = caller.stderr();
        this.clock = clock;
    }

    /** @throws IOException it cannot be written: before anything is done, since afterwards nobody would hear of it */
    void open() throws IOException {
        if (file != null) {
            Files.newOutputStream(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND)
                    .close();
        }
    }

    /** Of the file, absolute, as a process that stays names it, whose streams are this caller's; empty without one. */
    String path() {
        if (file == null) {
            return "";
        }
        return file.startsWith(own)
                ? Path.of("/proc/self").resolve(own.relativize(file)).toString()
                : file.toAbsolutePath().toString();
    }

    void error(String message) {
        String line = line("error", message);
        tell(writesToFile(line) ? message : line);
    }

    void warning(String message) {
        String line = line("warning", message);
        if (!writesToFile(line)) {
            tell(line);
        }
    }

    private void tell(String text) {
        try {
            write(stderr, text);
        } catch (IOException e) {
            log.warn("tell a caller \"{}\": {}", text, e.toString());
        }
    }

    private boolean writesToFile(String line) {
        if (file == null) {
            return false;
        }
        try (OutputStream out = Files.newOutputStream(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND)) {
            write(out, line);
            return true;
        } catch (IOException e) {
            log.warn("write to a caller's log: {}", e.toString());
            return false;
        }
    }

    private String line(String level, String message) {
        Instant now = clock.instant().truncatedTo(ChronoUnit.SECONDS);
        return switch (format) {
            case TEXT -> "time=\"%s\" level=%s msg=%s".formatted(now, level, Json.line(message));
            case JSON -> Json.line(Json.object("level", level, "msg", message, "time", now.toString()));
        };
    }

    private static void write(OutputStream out, String text) throws IOException {
        out.write((text + "\n").getBytes(StandardCharsets.UTF_8));
    }
}
