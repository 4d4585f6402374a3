package hako.bench;

import java.util.List;

/**
 * Something the figures say of this host, in a sentence.
 *
 * @param fit whether what the sentence tells of fits into a VM here
 */
record Finding(Fit fit, String sentence) {
    /** How well. */
    enum Fit {
        FITS("Where a VM fits on this host"),
        COSTS("Where it fits at a price"),
        DOES_NOT_FIT("Where it does not fit");

        private final String heading;

        Fit(String heading) {
            this.heading = heading;
        }

        String heading() {
            return heading;
        }
    }

    static List<Finding> of(List<Finding> all, Fit fit) {
        return all.stream().filter(finding -> finding.fit() == fit).toList();
    }
}
