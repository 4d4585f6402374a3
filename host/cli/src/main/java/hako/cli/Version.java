package hako.cli;

import hako.door.Json;
import hako.door.Option;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** {@code hako version}. */
final class Version extends Verb {
    private final Option<Boolean> json = options().flag("json", "As JSON");

    Version() {
        super("version", "", "Show the version of Hako and of what it runs on", 0, 0);
    }

    @Override
    int run(Call call, List<String> arguments) {
        Services services = call.services();
        Map<String, @Nullable Object> facts = Json.object(
                "version", services.version(),
                "daemonPid", ProcessHandle.current().pid(),
                "daemonStarted", services.startedAt(),
                "java", System.getProperty("java.version"),
                "os", System.getProperty("os.name") + " " + System.getProperty("os.version"),
                "arch", System.getProperty("os.arch"));
        if (json.value()) {
            call.out().println(Json.pretty(facts));
            return SUCCESS;
        }
        call.out().print("""
                hako %s
                 daemon:   pid %s, up %s
                 java:     %s
                 host:     %s %s
                """.formatted(
                        facts.get("version"),
                        facts.get("daemonPid"),
                        Ago.span(java.time.Duration.between(services.startedAt(), call.now()))
                                .toLowerCase(java.util.Locale.ROOT),
                        facts.get("java"),
                        facts.get("os"),
                        facts.get("arch")));
        return SUCCESS;
    }
}
