package hako.bench;

import java.util.List;

/** One question and its answer. */
interface Benchmark {
    /** What is measured, for the progress. */
    String name();

    List<Row> run(Setup setup);
}
