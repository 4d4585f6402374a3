package hako.cli;

import hako.base.HakoException;

/** The command line itself is wrong: said together with where to read more. */
final class UsageException extends HakoException {
    private static final long serialVersionUID = 1;

    UsageException(String message) {
        super(Kind.USER, Code.INVALID_ARGUMENT, message);
    }
}
