package hako.network;

import hako.base.HakoException;
import hako.linux.Io;
import hako.linux.Poller;
import hako.linux.Spawn;
import hako.linux.Spawned;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** A program of the host that changes its firewall, run to its end in the calling thread's network namespace. */
record Command(Path program) {
    private static final List<Path> PLACES =
            List.of(Path.of("/usr/sbin"), Path.of("/sbin"), Path.of("/usr/bin"), Path.of("/usr/local/sbin"));
    private static final Duration PATIENCE = Duration.ofSeconds(10);

    /** Looked for where system programs are; the daemon's PATH may lack them. */
    static Optional<Command> find(String name) {
        return PLACES.stream()
                .map(place -> place.resolve(name))
                .filter(Files::isExecutable)
                .findFirst()
                .map(Command::new);
    }

    /**
     * @param output of both its outputs, to the end
     */
    record Result(int status, String output) {}

    Result run(String... arguments) {
        List<String> argv = new ArrayList<>(List.of(program.toString()));
        argv.addAll(List.of(arguments));
        Io.Pipe pipe = Io.pipe();
        int writer = pipe.writer().number();
        Map<String, String> environment = Map.of("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL", "C");
        try (InputStream output = Io.inputStream(pipe.reader(), Poller.shared());
                Spawned child = start(argv, environment, Map.of(1, writer, 2, writer), pipe)) {
            String text = new String(output.readAllBytes(), StandardCharsets.UTF_8);
            return new Result(child.await(PATIENCE), text);
        } catch (IOException e) {
            throw failed(e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw failed("interrupted");
        }
    }

    private static Spawned start(
            List<String> argv, Map<String, String> environment, Map<Integer, Integer> descriptors, Io.Pipe pipe) {
        try {
            return Spawn.start(argv, environment, Path.of("/"), descriptors, false);
        } finally {
            // The end of its output is seen when nobody else holds the pipe.
            pipe.writer().close();
        }
    }

    private HakoException failed(String fact) {
        return new HakoException(
                HakoException.Kind.EXTERNAL, HakoException.Code.UNAVAILABLE, "run " + program + ": " + fact);
    }
}
