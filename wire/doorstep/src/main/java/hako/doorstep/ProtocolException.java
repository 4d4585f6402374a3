package hako.doorstep;

import hako.base.HakoException;

/** A peer that does not speak the door-step protocol. The message may be shown to it. */
final class ProtocolException extends HakoException {
    private static final long serialVersionUID = 1;

    ProtocolException(String message) {
        super(Kind.EXTERNAL, Code.INVALID_ARGUMENT, message);
    }
}
