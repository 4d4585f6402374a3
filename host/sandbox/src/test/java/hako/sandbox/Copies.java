package hako.sandbox;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayOutputStream;

/** What a caller saw. */
record Copies(String out, String err) {
    /** Until the process has ended. */
    static Copies all(Attachment attachment) throws Exception {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        attachment.copy(out, err);
        return new Copies(out.toString(UTF_8), err.toString(UTF_8));
    }
}
