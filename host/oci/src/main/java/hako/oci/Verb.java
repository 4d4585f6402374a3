package hako.oci;

import java.io.IOException;
import java.util.List;

/** A verb of {@code hako-runtime}. */
abstract class Verb extends hako.door.Verb {
    /** Any exit code but the one of success. */
    static final int FAILURE = 1;

    Verb(String name, String synopsis, String summary, int least, int most) {
        super(name, synopsis, summary, least, most);
    }

    /** Does the work; the options have their values. @return the exit code */
    abstract int run(RuntimeCall call, List<String> arguments) throws IOException, InterruptedException;

    /** As runc words it. */
    @Override
    protected final String miscounted(int count, int least, int most) {
        String number = least == most
                ? "exactly %d argument(s)".formatted(least)
                : count < least
                        ? "a minimum of %d argument(s)".formatted(least)
                        : "a maximum of %d argument(s)".formatted(most);
        return "\"%s\" requires %s".formatted(name(), number);
    }
}
