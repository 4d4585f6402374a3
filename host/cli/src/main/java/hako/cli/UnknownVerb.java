package hako.cli;

import hako.base.HakoException;
import hako.door.Printable;
import org.jspecify.annotations.Nullable;

/** There is no such verb. */
final class UnknownVerb extends HakoException {
    private static final long serialVersionUID = 1;

    UnknownVerb(String name, @Nullable String nearest) {
        super(
                Kind.USER,
                Code.INVALID_ARGUMENT,
                "'%s' is not a hako command%s\nSee 'hako --help'."
                        .formatted(Printable.line(name), nearest == null ? "" : "; did you mean '" + nearest + "'?"));
    }
}
