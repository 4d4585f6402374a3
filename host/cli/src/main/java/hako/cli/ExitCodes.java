package hako.cli;

import hako.base.HakoException;
import hako.door.UsageException;

/**
 * The exit codes of {@code hako}, as Docker has them; the one place where failures become numbers.
 *
 * @see <a href="https://docs.docker.com/engine/containers/run/#exit-status">docker run, exit status</a>
 */
final class ExitCodes {
    static final int FAILURE = 1;

    /** The command line is wrong, or {@code run} failed before the container's own program was reached. */
    static final int ENGINE = 125;

    static final int COMMAND_NOT_EXECUTABLE = 126;
    static final int COMMAND_NOT_FOUND = 127;

    private ExitCodes() {}

    /** @param verb of the call that failed */
    static int of(HakoException failure, Verb verb) {
        return switch (failure.code()) {
            case COMMAND_NOT_FOUND -> COMMAND_NOT_FOUND;
            case COMMAND_NOT_EXECUTABLE -> COMMAND_NOT_EXECUTABLE;
            case INVALID_ARGUMENT,
                    NOT_FOUND,
                    ALREADY_EXISTS,
                    WRONG_STATE,
                    PERMISSION,
                    UNAVAILABLE,
                    TIMEOUT,
                    NO_SPACE,
                    CORRUPT,
                    UNSUPPORTED,
                    VM_FAILED,
                    GUEST,
                    INTERNAL ->
                switch (failure) {
                    case UsageException _ -> ENGINE;
                    case Terminals.NotATerminal _ -> FAILURE;
                    default -> verb.failure();
                };
        };
    }
}
