package hako.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The other runtimes: those that work here, and why the others do not. */
final class Rivals implements AutoCloseable {
    private final List<Rival> working = new ArrayList<>();
    private final Map<String, String> obstacles = new LinkedHashMap<>();

    Rivals(List<Rival> all) {
        for (Rival rival : all) {
            String obstacle = rival.obstacle();
            if (obstacle.isEmpty()) {
                working.add(rival);
            } else {
                obstacles.put(rival.name(), obstacle);
                rival.close();
            }
        }
    }

    static Rivals of(Tools tools, Arguments arguments) {
        List<Rival> all = new ArrayList<>(List.of(OciRival.runc(tools), OciRival.crun(tools)));
        arguments.runtimes().forEach(runtime -> all.add(OciRival.named(tools, runtime)));
        arguments.containerdRuntimes().forEach(type -> all.add(new ContainerdRival(tools, type)));
        return new Rivals(all);
    }

    /** In the order of their mention; runc first. */
    List<Rival> working() {
        return List.copyOf(working);
    }

    Optional<Rival> working(String name) {
        return working.stream().filter(rival -> rival.name().equals(name)).findFirst();
    }

    /** What stands in a row that cannot be judged without it. */
    private String without(String name) {
        return "not judged: no %s here: %s".formatted(name, obstacles.getOrDefault(name, "it was not asked for"));
    }

    /** Ours, the first, held against runc's, which is the second where there is one; in the order of {@link #working}. */
    Row judged(Promise promise, List<Series> series) {
        return working(Rival.RUNC).isPresent()
                ? Row.of(promise, series.get(0).over(series.get(1)), series.toArray(Series[]::new))
                : Row.unjudged(promise, without(Rival.RUNC), series);
    }

    /** Why by name, of those that do not work. */
    Map<String, String> obstacles() {
        return obstacles;
    }

    @Override
    public void close() {
        working.forEach(Rival::close);
    }
}
