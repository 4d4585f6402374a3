package hako.ttrpc;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.UnsafeByteOperations;
import java.io.IOException;
import java.io.UncheckedIOException;

/** What the two hand-written envelopes share. */
final class Envelope {
    /** A peer's text is cut here before it reaches a log or a person. */
    private static final int MAX_MESSAGE_CHARS = 1024;

    @FunctionalInterface
    interface Body {
        void writeTo(CodedOutputStream out) throws IOException;
    }

    private Envelope() {}

    static ByteString encode(int size, Body body) {
        byte[] bytes = new byte[size];
        CodedOutputStream out = CodedOutputStream.newInstance(bytes);
        try {
            body.writeTo(out);
        } catch (IOException e) {
            throw new UncheckedIOException("an envelope of " + size + " bytes was miscounted", e);
        }
        out.checkNoSpaceLeft();
        return UnsafeByteOperations.unsafeWrap(bytes);
    }

    /** Reads without copying what it holds: payloads are slices of the frame. */
    static CodedInputStream input(ByteString bytes) {
        CodedInputStream in = bytes.newCodedInput();
        in.enableAliasing(true);
        return in;
    }

    static void skip(CodedInputStream in, int tag) throws IOException {
        if (!in.skipField(tag)) {
            throw new ProtocolException("an envelope ends within a group");
        }
    }

    /** The peer's text, cut, on one line, with nothing that could steer a terminal. */
    static String printable(String text) {
        StringBuilder clean = new StringBuilder(Math.min(text.length(), MAX_MESSAGE_CHARS));
        for (int i = 0; i < text.length() && i < MAX_MESSAGE_CHARS; i++) {
            char c = text.charAt(i);
            clean.append(Character.isISOControl(c) ? ' ' : c);
        }
        return clean.toString();
    }
}
