package hako.door;

/**
 * What comes from an image, a guest or a stranger, made fit for a terminal: a name must not move the cursor, colour the
 * screen or type commands.
 */
public final class Printable {
    private static final int LONGEST = 2000;

    private Printable() {}

    /** One line: control and format characters as escapes, a very long text cut. */
    public static String line(String text) {
        String bounded = text.length() > LONGEST ? text.substring(0, LONGEST) + "…" : text;
        if (bounded.chars().noneMatch(Printable::isHostile)) {
            return bounded;
        }
        StringBuilder out = new StringBuilder();
        bounded.chars().forEach(c -> append(out, (char) c));
        return out.toString();
    }

    /** As {@link #line}, but line breaks stay. */
    public static String lines(String text) {
        return String.join("\n", text.lines().map(Printable::line).toList());
    }

    private static void append(StringBuilder out, char c) {
        switch (c) {
            case '\n' -> out.append("\\n");
            case '\r' -> out.append("\\r");
            case '\t' -> out.append("\\t");
            default -> {
                if (isHostile(c)) {
                    out.append("\\u%04x".formatted((int) c));
                } else {
                    out.append(c);
                }
            }
        }
    }

    /** Controls (C0, DEL, C1), and what turns the direction of writing or is not seen (category Cf). */
    private static boolean isHostile(int c) {
        return Character.isISOControl(c) || Character.getType(c) == Character.FORMAT || c == 0x2028 || c == 0x2029;
    }
}
