package hako.ttrpc;

import java.io.IOException;

/** The peer sent what the protocol does not allow; the connection cannot go on. */
final class ProtocolException extends IOException {
    private static final long serialVersionUID = 1;

    ProtocolException(String message) {
        super(message);
    }
}
