package hako.cli;

import hako.door.Option;
import java.time.Duration;
import java.util.List;

/** {@code hako stop}. */
final class Stop extends Verb {
    private static final int GRACE_SECONDS = 10;
    private static final Duration FOREVER = Duration.ofDays(36_500);

    private final Option<Integer> time = options()
            .value(
                    "time",
                    't',
                    "SECONDS",
                    "How long to wait before killing it; -1: for ever (default 10)",
                    GRACE_SECONDS,
                    Integer::valueOf);

    Stop() {
        super("stop", "CONTAINER...", "Stop containers: their stop signal, then, after a grace, SIGKILL", 1, MANY);
    }

    @Override
    int run(Call call, List<String> arguments) throws InterruptedException {
        Duration grace = time.value() < 0 ? FOREVER : Duration.ofSeconds(time.value());
        return call.each(arguments, name -> {
            call.container(name).stop(grace);
            return name;
        });
    }
}
