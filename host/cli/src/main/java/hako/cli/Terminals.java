package hako.cli;

import hako.base.HakoException;
import hako.doorstep.Caller;
import hako.spec.ProcessSpec.ConsoleSize;
import org.jspecify.annotations.Nullable;

/** What {@code -t} asks of the caller. */
final class Terminals {
    private Terminals() {}

    /** As Docker: a terminal's input can only come from a terminal. */
    static void check(Caller caller, boolean interactive, boolean terminal) {
        if (interactive && terminal && !caller.stdinIsTerminal()) {
            throw new NotATerminal();
        }
    }

    /** A process begins with its terminal as large as the caller's; null where the caller has none. */
    static @Nullable ConsoleSize size(Caller caller) {
        return caller.rows() > 0 && caller.columns() > 0 ? new ConsoleSize(caller.rows(), caller.columns()) : null;
    }

    /** Exit code 1 also of {@code run}. */
    static final class NotATerminal extends HakoException {
        private static final long serialVersionUID = 1;

        NotATerminal() {
            super(Kind.USER, Code.INVALID_ARGUMENT, "the input device is not a TTY");
        }
    }
}
