package hako.bench;

/**
 * What every benchmark is given.
 *
 * @param node the usual one
 * @param quick fewer rounds: is it about right?
 */
record Setup(Tools tools, Node node, Rivals rivals, boolean quick) {
    int rounds(int full) {
        return quick ? Math.max(3, full / 5) : full;
    }

    /** The same, with all rounds. */
    Setup thorough() {
        return new Setup(tools, node, rivals, false);
    }
}
