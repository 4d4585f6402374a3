package hako.bench;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A result of the program {@code meter}: so many of something, and how long they took.
 *
 * @param count bytes or pieces of work
 */
record Meter(long count, double nanos) {
    /** Of what it printed, by name: {@code NAME COUNT NANOSECONDS}, a line each. */
    static Map<String, Meter> results(String output) {
        Map<String, Meter> results = new LinkedHashMap<>();
        for (String line : output.lines().toList()) {
            List<String> words = List.of(line.split(" "));
            if (words.size() != 3
                    || !words.get(1).matches("\\d+")
                    || !words.get(2).matches("[1-9]\\d*")) {
                throw new BenchmarkException("meter said: " + line);
            }
            results.put(words.get(0), new Meter(Long.parseLong(words.get(1)), Double.parseDouble(words.get(2))));
        }
        return results;
    }

    /** The one result of a call that has one. */
    static Meter result(String output) {
        Map<String, Meter> results = results(output);
        if (results.size() != 1) {
            throw new BenchmarkException("meter said: " + output);
        }
        return results.values().iterator().next();
    }

    /** As what is asked for: a throughput, a rate, or the time that all of it took. */
    double in(Unit unit) {
        return switch (unit) {
            case MEGABYTES_PER_SECOND -> count * 1e3 / nanos;
            case PER_SECOND -> count * 1e9 / nanos;
            case MILLISECONDS -> nanos / 1e6;
            case RATIO, KILOBYTES, MEGABYTES, COUNT -> throw new IllegalArgumentException("of a meter: " + unit);
        };
    }

    /** Of one of them. */
    double eachMillis() {
        return nanos / count / 1e6;
    }
}
