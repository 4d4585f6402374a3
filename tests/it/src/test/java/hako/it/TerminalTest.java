package hako.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** {@code -it} on a terminal: a pseudo terminal by script(1), a shell on it, hako in that shell. */
@VmTest
class TerminalTest {
    @RegisterExtension
    static final SharedNode shared = SharedNode.create();

    private final HakoNode node = shared.node();

    @Test
    void theCommandHasATerminalOfTheCallersSize() {
        Result result = onTerminal("stty rows 33 cols 111; " + hako("run --rm -it hako/busybox sh -c 'tty; stty size'"))
                .run()
                .ok();

        assertThat(result.out()).contains("/dev/pts/0").contains("33 111");
    }

    @Test
    void theSizeIsFollowed() {
        String loop = "trap \"stty size\" WINCH; echo ready; while :; do sleep 0.1; done";
        try (Running run = onTerminal("stty rows 24 cols 80; " + hako("run --rm -it hako/busybox sh -c '" + loop + "'"))
                .openInput()
                .start()) {
            run.says("ready");

            Command.of("stty", "-F", terminalOf("run --rm -it"), "rows", "50", "cols", "132")
                    .run()
                    .ok();

            run.says("50 132");
            run.type("\u0003");
            run.await();
        }
    }

    @Test
    void whatIsTypedReachesTheCommandAndTheInterruptCharacterToo() {
        String script =
                "trap \"echo interrupted; exit 5\" INT; echo ready; read line; echo got $line; while :; do sleep 0.1; done";
        try (Running run = onTerminal(hako("run --rm -it hako/busybox sh -c '" + script + "'") + "; echo code $?")
                .openInput()
                .start()) {
            run.says("ready")
                    .type("words\r")
                    .says("got words")
                    .type("\u0003")
                    .says("interrupted")
                    .says("code 5");
            run.await();
        }
    }

    @Test
    void theTerminalIsRawMeanwhileAndAsBeforeAtTheEnd() {
        Path notes = Temporary.folder("tty");
        String terminal = "stty -g >%1$s/before; %2$s; stty -g >%1$s/after"
                .formatted(notes, hako("run --rm -it hako/busybox sh -c 'echo ready; read x'"));
        try (Running run = onTerminal(terminal).openInput().start()) {
            run.says("ready");
            String during = Command.of("stty", "-F", terminalOf("run --rm -it"), "-a")
                    .run()
                    .out();
            assertThat(during).contains("-icanon").contains("-echo");
            run.type("\r");
            run.await();
        }
        assertThat(Temporary.read(notes.resolve("after"))).isEqualTo(Temporary.read(notes.resolve("before")));
        Temporary.delete(notes);
    }

    @Test
    void theTerminalIsAsBeforeWhenASignalEndsTheCommand() {
        Path notes = Temporary.folder("tty");
        String terminal = "stty -g >%1$s/before; %2$s; stty -g >%1$s/after"
                .formatted(
                        notes,
                        hako(
                                "run --rm -it hako/busybox sh -c 'trap \"exit 7\" HUP; echo ready; while :; do sleep 0.1; done'"));
        try (Running run = onTerminal(terminal).openInput().start()) {
            run.says("ready");
            Processes.signal(caller("run --rm -it"), "HUP");
            run.await();
        }
        assertThat(Temporary.read(notes.resolve("after"))).isEqualTo(Temporary.read(notes.resolve("before")));
        Temporary.delete(notes);
    }

    @Test
    void aTerminalIsRefusedWhereTheInputIsNone() {
        Result result = node.hako("run", "--rm", "-it", HakoNode.IMAGE, "true")
                .input("")
                .run();

        assertThat(result.exitCode()).isNotZero();
        assertThat(result.err()).containsIgnoringCase("tty");
    }

    @Test
    void execHasATerminalToo() {
        node.detached("with-terminal", "sleep", "1000");

        Result result = onTerminal("stty rows 20 cols 70; " + hako("exec -it with-terminal sh -c 'stty size; exit 4'")
                        + "; echo code $?")
                .run()
                .ok();

        assertThat(result.out()).contains("20 70").contains("code 4");
        node.run("rm", "-f", "with-terminal").ok();
    }

    @Test
    void aCommandFindsItsSizeFromTheFirst() {
        node.detached("sized", "sleep", "1000");

        String loop =
                "stty rows 20 cols 70; for i in 1 2 3 4 5 6 7 8; do " + hako("exec -it sized stty size") + "; done";
        try (Running run = onTerminal(loop).openInput().start()) {
            assertThat(run.await().out().lines()).hasSize(8).containsOnly("20 70");
        }
        node.run("rm", "-f", "sized").ok();
    }

    private String hako(String arguments) {
        return Build.hako() + " " + arguments;
    }

    private Command onTerminal(String script) {
        return Command.of("script", "-qefc", script, "/dev/null")
                .with("HAKO_HOME", node.home().toString())
                .with("SHELL", "/bin/sh");
    }

    /** The hako that was started so. */
    private long caller(String arguments) {
        List<Long> callers = Processes.withEnvironment("HAKO_HOME", node.home().toString()).stream()
                .filter(pid -> Processes.commandLine(pid).startsWith(Build.hako() + " " + arguments))
                .toList();
        assertThat(callers).hasSize(1);
        return callers.getFirst();
    }

    /** The device of the terminal that hako was started on. */
    private String terminalOf(String arguments) {
        try {
            return Path.of("/proc/" + caller(arguments) + "/fd/0").toRealPath().toString();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
