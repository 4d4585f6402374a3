package hako.spec;

import io.avaje.jsonb.Json;
import java.util.List;
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
    }
}
