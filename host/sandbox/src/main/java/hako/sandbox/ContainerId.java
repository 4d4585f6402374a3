package hako.sandbox;

import java.security.SecureRandom;
import java.util.HexFormat;
import java.util.regex.Pattern;

/** Ids and names of containers: 64 hex digits, of which people see twelve, and a name. */
public final class ContainerId {
    private static final SecureRandom RANDOM = new SecureRandom();
    private static final Pattern NAME = Pattern.compile("[a-zA-Z0-9][a-zA-Z0-9_.-]{0,62}");
    private static final Pattern ID = Pattern.compile("[0-9a-f]{64}");
    private static final int SHORT_LENGTH = 12;

    private ContainerId() {}

    public static String random() {
        byte[] bytes = new byte[32];
        RANDOM.nextBytes(bytes);
        return HexFormat.of().formatHex(bytes);
    }

    static boolean isValid(String id) {
        return ID.matcher(id).matches();
    }

    public static String shortened(String id) {
        return id.length() <= SHORT_LENGTH ? id : id.substring(0, SHORT_LENGTH);
    }

    /** Whether Docker would take it as a container's name (and the kernel as a hostname). */
    public static boolean isValidName(String name) {
        return NAME.matcher(name).matches();
    }
}
