package hako.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A container manager's monitor, played: it makes a container, gives it its streams, and reaps the process that stays for it. */
final class Reaper implements AutoCloseable {
    private static final Duration SOON = Duration.ofSeconds(20);

    private final Path folder = Temporary.folder("tools");
    private final Path program = CProgram.compile("reaper.c", folder, "reaper");

    /** A created container. */
    Running create(HakoNode node, Bundle bundle, String id, Path directory, String... options) {
        List<String> line =
                new ArrayList<>(List.of(program.toString(), Build.runtime().toString()));
        line.addAll(List.of(options));
        line.addAll(List.of(
                "create",
                "--bundle",
                bundle.folder().toString(),
                "--pid-file",
                bundle.pidFile().toString(),
                id));
        Running monitor = Command.of(line)
                .with("HAKO_HOME", node.home().toString())
                .openInput()
                .in(directory)
                .start();
        Await.until("a pid file", SOON, bundle::hasPid, () -> monitor.err().text());
        return monitor;
    }

    /** Of the process, as one has reaped it. */
    static int exitCode(Result monitored, long pid) {
        Matcher reaped = Pattern.compile("reaped " + pid + " (\\d+)\n").matcher(monitored.err());
        assertThat(reaped.find()).as(monitored.toString()).isTrue();
        return Integer.parseInt(reaped.group(1));
    }

    @Override
    public void close() {
        Temporary.delete(folder);
    }
}
