package hako.cli;

import java.io.IOException;
import java.util.List;

/** A verb of {@code hako}. */
abstract class Verb extends hako.door.Verb {
    Verb(String name, String synopsis, String summary, int least, int most) {
        super(name, synopsis, summary, least, most);
    }

    /** The exit code of a call that failed, where the failure has none of its own ({@link ExitCodes}). */
    int failure() {
        return ExitCodes.FAILURE;
    }

    /** Does the work; the options have their values. @return the exit code */
    abstract int run(Call call, List<String> arguments) throws IOException, InterruptedException;

    @Override
    protected final String miscounted(int count, int least, int most) {
        String much = least == most ? "" : count < least ? "at least " : "at most ";
        int bound = count < least ? least : most;
        String number = bound == 0 ? "no arguments" : much + bound + (bound == 1 ? " argument" : " arguments");
        return "\"hako %s\" %s %s".formatted(name(), bound == 0 ? "takes" : "requires", number);
    }
}
