package hako.bench;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * One line of the result.
 *
 * @param key what programs know it by
 * @param promise what it is held against; null: shown for comparison
 * @param judged what is held against the promise, in its unit, or else what stands first; null: nothing was measured
 * @param series what was measured, the first ours
 * @param note why something is not here; empty: nothing is missing
 */
record Row(
        String key,
        String what,
        @Nullable Promise promise,
        @Nullable Series judged,
        List<Series> series,
        String note) {
    static Row of(Promise promise, Series judged, Series... series) {
        return new Row(
                key(promise),
                promise.what(),
                promise,
                judged,
                series.length == 0 ? List.of(judged) : List.of(series),
                "");
    }

    /** Without a bound: ours, and others beside it. */
    static Row shown(String key, String what, List<Series> series) {
        return new Row(key, what, null, series.getFirst(), series, "");
    }

    static Row shown(String key, String what, Series... series) {
        return shown(key, what, Arrays.asList(series));
    }

    /** What cannot be held against its promise, since the other of the two is missing. */
    static Row unjudged(Promise promise, String note, List<Series> series) {
        return new Row(key(promise), promise.what(), null, series.getFirst(), series, note);
    }

    /** What was not measured at all. */
    static Row leftOut(String key, String what, String note) {
        return new Row(key, what, null, null, List.of(), note);
    }

    Row noting(String more) {
        return new Row(key, what, promise, judged, series, more);
    }

    private static String key(Promise promise) {
        return promise.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    /** Whether it is about a promise, be it judged or not. */
    boolean isPromised() {
        return Arrays.stream(Promise.values()).anyMatch(one -> key(one).equals(key));
    }

    boolean holds() {
        return promise == null || judged == null || promise.holds(judged.median());
    }

    /** Not worse than it was, by more than the margin. */
    boolean keepsLimit() {
        return promise == null || judged == null || judged.median() <= promise.limit();
    }

    String measured() {
        return judged == null ? "not measured" : judged.text();
    }

    String bound() {
        return promise == null ? "" : promise.bound();
    }

    Verdict verdict() {
        return promise == null ? Verdict.NONE : holds() ? Verdict.HOLDS : Verdict.BROKEN;
    }

    /** Of a promise. */
    enum Verdict {
        NONE,
        HOLDS,
        BROKEN
    }
}
