package hako.bench;

/**
 * What every benchmark is given.
 *
 * @param quick fewer rounds: is it about right?
 */
record Setup(Tools tools, Node node, boolean quick) {
    int rounds(int full) {
        return quick ? Math.max(3, full / 5) : full;
    }
}
