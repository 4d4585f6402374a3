package hako.cli;

/** When {@code run} asks the registry. */
enum PullPolicy {
    ALWAYS,
    MISSING,
    NEVER;

    static PullPolicy parse(String text) {
        return switch (text) {
            case "always" -> ALWAYS;
            case "missing" -> MISSING;
            case "never" -> NEVER;
            default -> throw new IllegalArgumentException("always, missing or never");
        };
    }
}
