package hako.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.function.Function;

/** What a manager does when the terminal of its caller changes. */
final class TerminalSize {
    private TerminalSize() {}

    /** @param manager runs a script in a container that has the caller's terminal */
    static void isFollowed(Function<String, Command> manager) {
        Path folder = Temporary.folder("tty");
        Path terminal = folder.resolve("name");
        String script =
                "trap 'echo changed' WINCH; echo ready; until stty size | grep '50 132'; do sleep 0.1; done; exit 4";
        try (Running run = manager.apply(script).onTerminal(terminal).start()) {
            run.says("ready");
            Command.of("stty", "-F", Temporary.read(terminal).strip(), "rows", "50", "cols", "132")
                    .run()
                    .ok();
            assertThat(run.await().exits(4).out()).contains("changed").contains("50 132");
        }
        Temporary.delete(folder);
    }
}
