package hako.cli;

import java.security.SecureRandom;
import java.util.List;

/** Names for containers that were given none: easy to say, hard to confuse. */
final class ContainerNames {
    private static final SecureRandom RANDOM = new SecureRandom();
    private static final List<String> QUALITIES = List.of(
            "amber", "brave", "brisk", "calm", "clever", "coral", "crisp", "deep", "eager", "early", "fair", "gentle",
            "golden", "happy", "hidden", "keen", "kind", "lively", "lucid", "mellow", "mild", "noble", "patient",
            "plain", "proud", "quick", "quiet", "rapid", "silent", "silver", "small", "steady", "sunny", "swift",
            "tidy", "warm");
    private static final List<String> THINGS = List.of(
            "acorn", "basket", "beacon", "birch", "bridge", "brook", "canyon", "cedar", "cloud", "comet", "crane",
            "dune", "ember", "fern", "finch", "garden", "harbor", "heron", "island", "lake", "lantern", "maple",
            "meadow", "moon", "otter", "pebble", "pine", "river", "sparrow", "spring", "stone", "summit", "valley",
            "willow");

    private ContainerNames() {}

    /** {@code quiet_heron_4f1c}: one of 80 million. */
    static String random() {
        return pick(QUALITIES) + "_" + pick(THINGS) + "_" + "%04x".formatted(RANDOM.nextInt(1 << 16));
    }

    private static String pick(List<String> words) {
        return words.get(RANDOM.nextInt(words.size()));
    }
}
