package hako.bench;

import java.util.List;

/** One question and its answer. */
interface Benchmark {
    /** What is measured, for the progress and to be chosen by. */
    String name();

    /** Whether something is promised of it; else it is shown only. */
    default boolean isPromised() {
        return true;
    }

    List<Row> run(Setup setup);
}
