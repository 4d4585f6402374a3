package hako.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Commands measured in turns, A B A B, by the native program {@code pace}: what drifts in the host drifts for all of
 * them.
 */
final class Pace {
    private final Tools tools;
    private final Map<String, String> environment;
    private final List<Contender> contenders = new ArrayList<>();

    /** @param until time to this text in its output; empty: to its end */
    private record Contender(String name, String until, List<String> line, int code) {}

    Pace(Tools tools, Map<String, String> environment) {
        this.tools = tools;
        this.environment = environment;
    }

    Pace with(String name, List<String> line) {
        contenders.add(new Contender(name, "", line, 0));
        return this;
    }

    /** Measured to the text, not to the end. */
    Pace until(String name, String text, List<String> line) {
        contenders.add(new Contender(name, text, line, 0));
        return this;
    }

    /** A series for each, in order of {@link #with}, in milliseconds. */
    List<Series> run(int rounds, int warmups) {
        List<String> line =
                new ArrayList<>(List.of(tools.pace().toString(), Integer.toString(rounds), Integer.toString(warmups)));
        for (Contender contender : contenders) {
            line.add("--");
            if (!contender.until().isEmpty()) {
                line.add("until=" + contender.until());
            }
            line.addAll(contender.line());
        }
        List<List<Double>> values = new ArrayList<>();
        contenders.forEach(_ -> values.add(new ArrayList<>()));
        for (String result : Execution.of(environment, line).lines().toList()) {
            String[] words = result.split(" ");
            int index = Integer.parseInt(words[0]);
            Contender contender = contenders.get(index);
            if (Integer.parseInt(words[3]) != contender.code()) {
                throw new BenchmarkException("%s ended with %s".formatted(contender.line(), words[3]));
            }
            double nanos = Double.parseDouble(contender.until().isEmpty() ? words[1] : words[2]);
            if (nanos == 0) {
                throw new BenchmarkException("%s never said \"%s\"".formatted(contender.line(), contender.until()));
            }
            values.get(index).add(nanos / 1e6);
        }
        List<Series> series = new ArrayList<>();
        for (int i = 0; i < contenders.size(); i++) {
            series.add(new Series(contenders.get(i).name(), Unit.MILLISECONDS, values.get(i)));
        }
        return series;
    }
}
