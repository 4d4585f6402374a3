package hako.bench;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/**
 * The command line.
 *
 * @param quick few rounds: is it about right?
 * @param contract in few rounds, only what is promised, and only against getting worse
 * @param runtimes others with runc's command line
 * @param containerdRuntimes others that containerd starts, by their type
 * @param output where the report goes
 * @param words benchmarks with one of them in their names; none: all
 */
record Arguments(
        boolean quick,
        boolean contract,
        List<NamedRuntime> runtimes,
        List<String> containerdRuntimes,
        Path output,
        List<String> words) {
    static final String USAGE = """
            usage: bench [--quick] [--contract] [--runtime NAME=PATH]... [--containerd-runtime TYPE]... [--output DIR] [WORD]...
              WORD: measures what has it in its name\
            """;

    private static final String CONTAINERD_TYPE = "io\\.containerd\\.[A-Za-z0-9_.-]+";

    /** {@code NAME=PATH}. */
    record NamedRuntime(String name, String program) {
        static NamedRuntime parse(String text) {
            int equals = text.indexOf('=');
            if (!text.matches("[A-Za-z0-9][A-Za-z0-9._-]*=.+")) {
                throw new BenchmarkException(
                        "--runtime %s: should be NAME=PATH, as kata=/usr/bin/kata-runtime".formatted(text));
            }
            return new NamedRuntime(text.substring(0, equals), text.substring(equals + 1));
        }
    }

    static Arguments parse(List<String> line) {
        boolean quick = false;
        boolean contract = false;
        List<NamedRuntime> runtimes = new ArrayList<>();
        List<String> containerdRuntimes = new ArrayList<>();
        Path output = Path.of("hako-bench");
        List<String> words = new ArrayList<>();
        Iterator<String> rest = line.iterator();
        while (rest.hasNext()) {
            String word = rest.next();
            switch (word) {
                case "--quick" -> quick = true;
                case "--contract" -> contract = true;
                case "--runtime" -> runtimes.add(NamedRuntime.parse(value(word, rest)));
                case "--containerd-runtime" -> containerdRuntimes.add(containerdType(value(word, rest)));
                case "--output" -> output = Path.of(value(word, rest));
                default -> {
                    if (word.startsWith("-")) {
                        throw new BenchmarkException("no such option: " + word + "\n" + USAGE);
                    }
                    words.add(word);
                }
            }
        }
        return new Arguments(
                quick || contract,
                contract,
                List.copyOf(runtimes),
                List.copyOf(containerdRuntimes),
                output,
                List.copyOf(words));
    }

    private static String value(String option, Iterator<String> rest) {
        if (!rest.hasNext()) {
            throw new BenchmarkException(option + " needs a value\n" + USAGE);
        }
        return rest.next();
    }

    private static String containerdType(String type) {
        if (!type.matches(CONTAINERD_TYPE)) {
            throw new BenchmarkException(
                    "--containerd-runtime %s: should be a type, as io.containerd.kata.v2".formatted(type));
        }
        return type;
    }

    /** Those that are asked for. */
    List<Benchmark> choose(List<Benchmark> all) {
        for (String word : words) {
            if (all.stream().noneMatch(benchmark -> benchmark.name().contains(word))) {
                throw new BenchmarkException("no benchmark has \"%s\" in its name; there are:\n  %s"
                        .formatted(
                                word,
                                String.join(
                                        "\n  ",
                                        all.stream().map(Benchmark::name).toList())));
            }
        }
        return all.stream()
                .filter(benchmark -> !contract || benchmark.isPromised())
                .filter(benchmark -> words.isEmpty() || words.stream().anyMatch(benchmark.name()::contains))
                .toList();
    }
}
