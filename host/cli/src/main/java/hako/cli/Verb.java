package hako.cli;

import hako.door.Options;
import hako.door.UsageException;
import java.io.IOException;
import java.util.List;

/**
 * One verb of the command line. Made anew for each call: its options hold the values of that call. Subclasses declare
 * options as fields and do the work in {@link #run}.
 */
abstract class Verb {
    /** The exit code of a verb that did what it should. */
    static final int SUCCESS = 0;

    static final int MANY = Integer.MAX_VALUE;

    private final String name;
    private final String synopsis;
    private final String summary;
    private final int least;
    private final int most;
    private final Options options = new Options();

    /**
     * @param name with its group, as {@code image ls}
     * @param synopsis of the arguments behind the options
     * @param summary one line
     * @param least arguments
     * @param most arguments
     */
    Verb(String name, String synopsis, String summary, int least, int most) {
        this.name = name;
        this.synopsis = synopsis;
        this.summary = summary;
        this.least = least;
        this.most = most;
    }

    final String name() {
        return name;
    }

    final String synopsis() {
        return synopsis;
    }

    final String summary() {
        return summary;
    }

    final Options options() {
        return options;
    }

    /** Whether options may follow arguments; not where the arguments are a command with options of its own. */
    boolean mixed() {
        return true;
    }

    /** The exit code of a call that failed, where the failure has none of its own ({@link ExitCodes}). */
    int failure() {
        return ExitCodes.FAILURE;
    }

    /** Does the work; the options have their values. @return the exit code */
    abstract int run(Call call, List<String> arguments) throws IOException, InterruptedException;

    final void check(List<String> arguments) {
        int count = arguments.size();
        if (count < least || count > most) {
            String much = least == most ? "" : count < least ? "at least " : "at most ";
            int bound = count < least ? least : most;
            String number = bound == 0 ? "no arguments" : much + bound + (bound == 1 ? " argument" : " arguments");
            throw new UsageException("\"hako %s\" %s %s".formatted(name, bound == 0 ? "takes" : "requires", number));
        }
    }
}
