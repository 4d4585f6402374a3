package hako.oci;

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

    /** Any other. */
    static final int FAILURE = 1;

    static final int MANY = Integer.MAX_VALUE;

    private final String name;
    private final String synopsis;
    private final String summary;
    private final int least;
    private final int most;
    private final Options options = new Options();

    /**
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

    /** Does the work; the options have their values. @return the exit code */
    abstract int run(RuntimeCall call, List<String> arguments) throws IOException, InterruptedException;

    /** As runc words it. */
    final void check(List<String> arguments) {
        int count = arguments.size();
        if (count >= least && count <= most) {
            return;
        }
        String number = least == most
                ? "exactly %d argument(s)".formatted(least)
                : count < least
                        ? "a minimum of %d argument(s)".formatted(least)
                        : "a maximum of %d argument(s)".formatted(most);
        throw new UsageException("\"%s\" requires %s".formatted(name, number));
    }
}
