package hako.oci;

import hako.agent.v1.StatsResponse;
import hako.door.Json;
import hako.door.Option;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** {@code hako-runtime events}: what a container uses, once or again and again, a line of JSON each time. */
final class Events extends Verb {
    private final Option<Boolean> once = options().flag("stats", "Once, and end");
    private final Option<Duration> interval =
            options().value("interval", "SPAN", "Between two (default 5s)", Duration.ofSeconds(5), Events::span);

    Events() {
        super("events", "CONTAINER", "Print what a container uses", 1, 1);
    }

    @Override
    int run(RuntimeCall call, List<String> arguments) throws InterruptedException {
        RuntimeContainer container = call.container(arguments.getFirst());
        long oomKills = 0;
        do {
            StatsResponse stats = container.stats();
            if (once.value()) {
                print(call, Json.object("type", "stats", "id", container.id(), "data", data(stats)));
                return SUCCESS;
            }
            if (stats.getOomKills() > oomKills) {
                oomKills = stats.getOomKills();
                print(call, Json.object("type", "oom", "id", container.id()));
            }
            print(call, Json.object("type", "stats", "id", container.id(), "data", data(stats)));
        } while (!call.out().checkError() && !ended(container, interval.value()));
        return SUCCESS;
    }

    private static void print(RuntimeCall call, Map<String, @Nullable Object> event) {
        call.out().println(Json.line(event));
        call.out().flush();
    }

    private static boolean ended(RuntimeContainer container, Duration patience) throws InterruptedException {
        try {
            container.container().init().exited().get(patience.toMillis(), TimeUnit.MILLISECONDS);
            return true;
        } catch (TimeoutException e) {
            return false;
        } catch (ExecutionException e) {
            throw new IllegalStateException(e);
        }
    }

    private static Map<String, @Nullable Object> data(StatsResponse stats) {
        return Json.object(
                "cpu",
                Json.object(
                        "usage",
                        Json.object(
                                "total", stats.getCpuUsageNs(),
                                "kernel", stats.getCpuSystemNs(),
                                "user", stats.getCpuUserNs()),
                        "throttling",
                        Json.object("throttledTime", stats.getCpuThrottledNs())),
                "memory",
                Json.object(
                        "usage",
                        Json.object(
                                "limit", stats.getMemoryLimitBytes(),
                                "usage", stats.getMemoryUsageBytes(),
                                "max", stats.getMemoryPeakBytes(),
                                "failcnt", stats.getOomKills())),
                "pids",
                Json.object("current", stats.getPids(), "limit", stats.getPidsLimit()),
                "blkio",
                Json.object());
    }

    /** {@code 5s}, {@code 100ms}, {@code 1m}. */
    private static Duration span(String text) {
        try {
            Duration span = text.endsWith("ms")
                    ? Duration.ofMillis(Long.parseLong(text.substring(0, text.length() - 2)))
                    : Duration.parse("PT" + text);
            if (!span.isPositive()) {
                throw new IllegalArgumentException("duration interval must be greater than 0");
            }
            return span;
        } catch (java.time.format.DateTimeParseException | NumberFormatException e) {
            throw new IllegalArgumentException("write it as 5s, 100ms or 1m", e);
        }
    }
}
