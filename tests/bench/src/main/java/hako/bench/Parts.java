package hako.bench;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Where the memory of an idle sandbox goes: of one whose VM was booted, and of one that was cloned, on average.
 *
 * @param booted empty: not measured; likewise the other
 */
record Parts(Footprint booted, Footprint cloned) {
    private static final double MIB = 1 << 20;

    /**
     * One of them.
     *
     * @param booted in MB, as is the other
     * @param emulation whether it is there because the processor is emulated, and would not be with KVM
     */
    record Part(String what, double booted, double cloned, boolean emulation) {
        String whole() {
            return what + (emulation ? " (not with KVM)" : "");
        }
    }

    static final Parts NONE = new Parts(Footprint.NONE, Footprint.NONE);

    /** The largest first. */
    List<Part> all() {
        Set<String> kinds = new LinkedHashSet<>(booted.bytes().keySet());
        kinds.addAll(cloned.bytes().keySet());
        List<Part> parts = new ArrayList<>();
        for (String kind : kinds) {
            parts.add(new Part(
                    kind, megabytes(booted, kind), megabytes(cloned, kind), kind.equals(Footprint.TRANSLATED)));
        }
        parts.sort(Comparator.comparingDouble((Part part) -> Math.max(part.booted(), part.cloned()))
                .reversed());
        return parts;
    }

    private static double megabytes(Footprint footprint, String kind) {
        return footprint.bytes().getOrDefault(kind, 0L) / MIB;
    }

    /** Of the clone, or, where only that was measured, of the booted one. */
    double emulationMegabytes() {
        return megabytes(cloned.bytes().isEmpty() ? booted : cloned, Footprint.TRANSLATED);
    }

    /** Likewise. */
    double megabytes() {
        return (cloned.bytes().isEmpty() ? booted : cloned).megabytes();
    }
}
