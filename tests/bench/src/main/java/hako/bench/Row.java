package hako.bench;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One line of the result.
 *
 * @param promise what it is held against; null: shown for comparison
 * @param judged what is held against it, in the promise's unit
 * @param series what was measured, the first ours
 */
record Row(String what, @Nullable Promise promise, Series judged, List<Series> series) {
    static Row of(Promise promise, Series judged, Series... series) {
        return new Row(promise.what(), promise, judged, series.length == 0 ? List.of(judged) : List.of(series));
    }

    /** Without a bound. */
    static Row shown(String what, Series series) {
        return new Row(what, null, series, List.of(series));
    }

    boolean holds() {
        return promise == null || promise.holds(judged.median());
    }

    /** Not worse than it was, by more than the margin. */
    boolean keepsLimit() {
        return promise == null || judged.median() <= promise.limit();
    }

    String verdict() {
        return promise == null ? "" : holds() ? "holds" : "**BROKEN**";
    }
}
