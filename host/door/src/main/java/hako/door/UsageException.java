package hako.door;

import hako.base.HakoException;

/** The command line itself is wrong: said together with where to read more. */
public final class UsageException extends HakoException {
    private static final long serialVersionUID = 1;

    public UsageException(String message) {
        super(Kind.USER, Code.INVALID_ARGUMENT, message);
    }
}
