package hako.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What several contenders came to, round by round, at several questions: a row for each of those. */
final class Tally {
    /** @param key what programs know its row by */
    record Question(String key, String what, Unit unit) {}

    private final Map<Question, Map<String, List<Double>>> values = new LinkedHashMap<>();

    void add(Question question, String contender, double value) {
        values.computeIfAbsent(question, _ -> new LinkedHashMap<>())
                .computeIfAbsent(contender, _ -> new ArrayList<>())
                .add(value);
    }

    /** Questions and contenders in the order in which they first came. */
    List<Row> rows() {
        List<Row> rows = new ArrayList<>();
        values.forEach((question, contenders) -> {
            List<Series> series = new ArrayList<>();
            contenders.forEach((name, each) -> series.add(new Series(name, question.unit(), each)));
            rows.add(Row.shown(question.key(), question.what(), series));
        });
        return rows;
    }
}
