package hako.spec;

import io.avaje.jsonb.Json;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Programs that run at the turns of a container's life (runtime-spec, config.md, POSIX-platform Hooks). */
@Json
public record Hooks(
        List<Hook> prestart,
        List<Hook> createRuntime,
        List<Hook> createContainer,
        List<Hook> startContainer,
        List<Hook> poststart,
        List<Hook> poststop) {

    public Hooks {
        prestart = Absent.list(prestart);
        createRuntime = Absent.list(createRuntime);
        createContainer = Absent.list(createContainer);
        startContainer = Absent.list(startContainer);
        poststart = Absent.list(poststart);
        poststop = Absent.list(poststop);
    }

    /** At whatever turn. */
    public List<Hook> all() {
        return Stream.of(prestart, createRuntime, createContainer, startContainer, poststart, poststop)
                .flatMap(List::stream)
                .toList();
    }

    /** Those that run in the container's namespaces, which are the guest's. */
    public Hooks inContainer() {
        return new Hooks(List.of(), List.of(), List.of(), startContainer, List.of(), List.of());
    }

    /** @param timeout seconds */
    @Json
    public record Hook(
            String path,
            List<String> args,
            List<String> env,
            @Nullable Integer timeout) {
        public Hook {
            args = Absent.list(args);
            env = Absent.list(env);
        }

        /** For those that name none it is this long; runc waits for ever. */
        private static final Duration PATIENCE = Duration.ofMinutes(2);

        /** How long it may run. */
        public Duration patience() {
            return timeout == null ? PATIENCE : Duration.ofSeconds(timeout);
        }
    }
}
