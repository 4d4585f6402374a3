package hako.sandbox;

import hako.base.HakoException;
import java.time.Instant;

/**
 * The life of a container.
 *
 * <pre>
 *   Creating ----> Created ----> Running <----> Paused
 *      |              |             |              |
 *      +--------------+------> Stopped <-----------+
 * </pre>
 *
 * A verb is a method of every state; a state that does not know the verb refuses it with a sentence. The data that a
 * state alone has live in its record.
 *
 * @see <a href="https://github.com/opencontainers/runtime-spec/blob/main/runtime.md#state">runtime-spec, State</a>
 */
public sealed interface ContainerState {
    /** The VM boots, devices are plugged, the agent builds the container. */
    record Creating() implements ContainerState {
        Created toCreated() {
            return new Created();
        }
    }

    /** Everything is there; the image's program has not been started. */
    record Created() implements ContainerState {}

    record Running(Instant startedAt) implements ContainerState {}

    record Paused(Instant startedAt) implements ContainerState {}

    /** The end. {@code startedAt} is {@link Instant#EPOCH} when it never ran. */
    record Stopped(Instant startedAt, ExitReport exit) implements ContainerState {}

    /** As Docker and the runtime spec spell it. */
    default String label() {
        return switch (this) {
            case Creating() -> "creating";
            case Created() -> "created";
            case Running(Instant _) -> "running";
            case Paused(Instant _) -> "paused";
            case Stopped(Instant _, ExitReport _) -> "exited";
        };
    }

    /** When the program was started, or {@link Instant#EPOCH}. */
    default Instant startedAt() {
        return switch (this) {
            case Creating(), Created() -> Instant.EPOCH;
            case Running(Instant at) -> at;
            case Paused(Instant at) -> at;
            case Stopped(Instant at, ExitReport _) -> at;
        };
    }

    /** The state after {@code verb}, or a refusal. */
    default ContainerState after(Verb verb, String name, Instant now) {
        return switch (verb) {
            case START -> {
                if (this instanceof Created) {
                    yield new Running(now);
                }
                throw refuse(verb, name);
            }
            case PAUSE -> {
                if (this instanceof Running(Instant at)) {
                    yield new Paused(at);
                }
                throw refuse(verb, name);
            }
            case RESUME -> {
                if (this instanceof Paused(Instant at)) {
                    yield new Running(at);
                }
                throw refuse(verb, name);
            }
            case EXEC -> {
                if (this instanceof Created || this instanceof Running) {
                    yield this;
                }
                throw refuse(verb, name);
            }
            case KILL ->
                switch (this) {
                    case Created(), Running(Instant _), Paused(Instant _) -> this;
                    case Creating(), Stopped(Instant _, ExitReport _) -> throw refuse(verb, name);
                };
            case REMOVE ->
                switch (this) {
                    case Created(), Stopped(Instant _, ExitReport _) -> this;
                    case Creating(), Running(Instant _), Paused(Instant _) -> throw refuse(verb, name);
                };
            case STATS ->
                switch (this) {
                    case Running(Instant _), Paused(Instant _) -> this;
                    case Creating(), Created(), Stopped(Instant _, ExitReport _) -> throw refuse(verb, name);
                };
        };
    }

    /** What can be asked of a container from outside. */
    enum Verb {
        START,
        PAUSE,
        RESUME,
        EXEC,
        KILL,
        REMOVE,
        STATS
    }

    private HakoException refuse(Verb verb, String name) {
        String verbText = verb.name().toLowerCase(java.util.Locale.ROOT);
        String mend = verb == Verb.REMOVE && !(this instanceof Creating) ? "; stop it first, or remove it with -f" : "";
        return HakoException.user(
                HakoException.Code.WRONG_STATE,
                "cannot %s container \"%s\": it is %s%s".formatted(verbText, name, label(), mend));
    }
}
