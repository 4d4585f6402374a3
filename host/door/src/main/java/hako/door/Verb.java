package hako.door;

import java.util.List;

/**
 * One verb of a door's command line: its options, and what its help says. Made anew for each call: its options hold the values of
 * that call. Subclasses declare options as fields; what does the work is each door's own.
 */
public abstract class Verb {
    /** The exit code of a verb that did what it should. */
    public static final int SUCCESS = 0;

    public static final int MANY = Integer.MAX_VALUE;

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
    protected Verb(String name, String synopsis, String summary, int least, int most) {
        this.name = name;
        this.synopsis = synopsis;
        this.summary = summary;
        this.least = least;
        this.most = most;
    }

    public final String name() {
        return name;
    }

    public final String synopsis() {
        return synopsis;
    }

    public final String summary() {
        return summary;
    }

    public final Options options() {
        return options;
    }

    /** Whether options may follow arguments; not where the arguments are a command with options of its own. */
    public boolean mixed() {
        return true;
    }

    /** @throws UsageException unless there are as many as there may be */
    public final void check(List<String> arguments) {
        int count = arguments.size();
        if (count < least || count > most) {
            throw new UsageException(miscounted(count, least, most));
        }
    }

    /** In the words of this door. */
    protected abstract String miscounted(int count, int least, int most);
}
