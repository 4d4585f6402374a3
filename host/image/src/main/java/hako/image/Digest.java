package hako.image;

import hako.linux.Sha256;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.regex.Pattern;

/**
 * The name of a blob by its content (image-spec, descriptor.md, Digests): {@code sha256:} or {@code sha512:} and
 * lower-case hexadecimal. Always valid, hence safe as a file name.
 */
public record Digest(String algorithm, String hex) {
    private static final Pattern HEX = Pattern.compile("[0-9a-f]+");
    private static final int SHA256_CHARACTERS = 64;
    private static final int SHA512_CHARACTERS = 128;

    public Digest {
        int length = switch (algorithm) {
            case "sha256" -> SHA256_CHARACTERS;
            case "sha512" -> SHA512_CHARACTERS;
            default ->
                throw ImageException.invalid("digest algorithm \"" + algorithm + "\" is not known: sha256, sha512");
        };
        if (hex.length() != length || !HEX.matcher(hex).matches()) {
            throw ImageException.invalid("\"" + algorithm + ":" + hex + "\" is not a digest");
        }
    }

    public static Digest of(String text) {
        int colon = text.indexOf(':');
        if (colon < 0) {
            throw ImageException.invalid("\"" + text + "\" is not a digest");
        }
        return new Digest(text.substring(0, colon), text.substring(colon + 1));
    }

    public static Digest sha256(byte[] content) {
        return new Digest(
                "sha256", HexFormat.of().formatHex(newDigester("sha256").digest(content)));
    }

    /** What {@code digester} has seen so far; the digester is reset. */
    static Digest of(String algorithm, MessageDigest digester) {
        return new Digest(algorithm, HexFormat.of().formatHex(digester.digest()));
    }

    MessageDigest newDigester() {
        return newDigester(algorithm);
    }

    static MessageDigest newDigester(String algorithm) {
        if (algorithm.equals("sha256")) {
            return Sha256.create();
        }
        try {
            return MessageDigest.getInstance("SHA-512");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e); // every JDK has it
        }
    }

    @Override
    public String toString() {
        return algorithm + ":" + hex;
    }
}
