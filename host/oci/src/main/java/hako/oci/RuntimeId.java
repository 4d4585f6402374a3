package hako.oci;

import hako.base.HakoException;
import hako.base.HakoException.Code;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.regex.Pattern;

/**
 * The name of a container at this door: what its caller chose, unique among the containers of one {@code --root}. Two
 * managers with roots of their own may both have a "web". From both comes the node's own id, so it is found without a list.
 */
record RuntimeId(String root, String id) {
    private static final Pattern ID = Pattern.compile("[\\w+.-]{1,1024}");
    private static final Pattern NOT_IN_NAMES = Pattern.compile("[^a-zA-Z0-9_.-]");
    private static final int MOST_OF_ID = 40;
    private static final int MOST_OF_DIGEST = 12;

    RuntimeId {
        if (!ID.matcher(id).matches() || id.equals(".") || id.equals("..")) {
            throw HakoException.user(Code.INVALID_ARGUMENT, "invalid container ID format: " + id);
        }
    }

    /** Of the container on this node: 64 hex digits. */
    String containerId() {
        try {
            byte[] both = (root + '\0' + id).getBytes(StandardCharsets.UTF_8);
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(both));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JVM has SHA-256", e);
        }
    }

    /** On this node, for people; unique as the id is. */
    String containerName() {
        String plain = NOT_IN_NAMES.matcher(id).replaceAll("_");
        String cut = plain.substring(0, Math.min(MOST_OF_ID, plain.length()));
        return "oci." + cut + "." + containerId().substring(0, MOST_OF_DIGEST);
    }
}
