package hako.cli;

import hako.door.UsageException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** All verbs by name. A call makes the one it names, and no other. */
final class Verbs {
    /** The words that are no verb on their own but begin one. */
    static final Map<String, String> GROUPS =
            Map.of("image", "Manage images", "factory", "Manage the templates that VMs are cloned from");

    private static final int LONGEST_COMPARED = 64;
    private static final Map<String, Supplier<Verb>> ALL = new LinkedHashMap<>();
    /** Docker's other spellings. */
    private static final Map<String, String> ALIASES = Map.of(
            "images", "image ls",
            "image list", "image ls",
            "pull", "image pull",
            "load", "image load",
            "import", "image import",
            "rmi", "image rm",
            "image remove", "image rm");

    static {
        ALL.put("run", Run::new);
        ALL.put("exec", Exec::new);
        ALL.put("ps", Ps::new);
        ALL.put("logs", Logs::new);
        ALL.put("stop", Stop::new);
        ALL.put("kill", Kill::new);
        ALL.put("rm", Rm::new);
        ALL.put("pause", Pause::new);
        ALL.put("unpause", Unpause::new);
        ALL.put("update", Update::new);
        ALL.put("wait", Wait::new);
        ALL.put("inspect", Inspect::new);
        ALL.put("stats", Stats::new);
        ALL.put("image ls", ImageLs::new);
        ALL.put("image pull", ImagePull::new);
        ALL.put("image load", ImageLoad::new);
        ALL.put("image import", ImageImport::new);
        ALL.put("image rm", ImageRm::new);
        ALL.put("factory init", FactoryInit::new);
        ALL.put("factory status", FactoryStatus::new);
        ALL.put("factory destroy", FactoryDestroy::new);
        ALL.put("bench", Bench::new);
        ALL.put("check", Check::new);
        ALL.put("version", Version::new);
        ALL.put("help", Help::new);
    }

    private Verbs() {}

    /** A verb and what follows it on the command line. */
    record Found(Verb verb, List<String> arguments) {}

    /** @throws UsageException with the nearest name when there is none such */
    static Found find(List<String> words) {
        String first = words.isEmpty() ? "--help" : words.getFirst();
        List<String> rest = words.isEmpty() ? List.of() : words.subList(1, words.size());
        return switch (first) {
            case "--help", "-h" -> new Found(new Help(), List.of());
            case "--version", "-v" -> new Found(new Version(), List.of());
            default -> GROUPS.containsKey(first) ? inGroup(first, rest) : new Found(verb(first), rest);
        };
    }

    private static Found inGroup(String group, List<String> words) {
        if (words.isEmpty()
                || words.getFirst().equals("--help")
                || words.getFirst().equals("-h")) {
            return new Found(new Help(), List.of(group));
        }
        return new Found(verb(group + " " + words.getFirst()), words.subList(1, words.size()));
    }

    private static Verb verb(String name) {
        Supplier<Verb> verb = ALL.get(ALIASES.getOrDefault(name, name));
        if (verb == null) {
            throw new UnknownVerb(name, nearest(name));
        }
        return verb.get();
    }

    /** Those of a group, or, with an empty name, those in none. In the order they are listed in. */
    static List<Verb> inGroup(String group) {
        List<Verb> verbs = new ArrayList<>();
        ALL.forEach((name, verb) -> {
            int space = name.indexOf(' ');
            if (group.equals(space < 0 ? "" : name.substring(0, space))) {
                verbs.add(verb.get());
            }
        });
        return verbs;
    }

    private static @Nullable String nearest(String name) {
        String best = null;
        int least = Math.max(2, name.length() / 2);
        List<String> names = new ArrayList<>(ALL.keySet());
        names.addAll(ALIASES.keySet());
        names.addAll(GROUPS.keySet());
        for (String candidate : names) {
            int distance = distance(name, candidate);
            if (distance < least) {
                best = candidate;
                least = distance;
            }
        }
        return best;
    }

    /** Of Damerau and Levenshtein: insertions, deletions, replacements, swaps of neighbours from one to the other. */
    private static int distance(String one, String other) {
        if (one.length() > LONGEST_COMPARED) {
            return Integer.MAX_VALUE;
        }
        int[][] steps = new int[one.length() + 1][other.length() + 1];
        for (int i = 0; i <= one.length(); i++) {
            for (int j = 0; j <= other.length(); j++) {
                steps[i][j] = i == 0 || j == 0 ? i + j : least(steps, one, other, i, j);
            }
        }
        return steps[one.length()][other.length()];
    }

    private static int least(int[][] steps, String one, String other, int i, int j) {
        boolean same = one.charAt(i - 1) == other.charAt(j - 1);
        int least = Math.min(steps[i - 1][j - 1] + (same ? 0 : 1), Math.min(steps[i - 1][j], steps[i][j - 1]) + 1);
        boolean swapped =
                i > 1 && j > 1 && one.charAt(i - 1) == other.charAt(j - 2) && one.charAt(i - 2) == other.charAt(j - 1);
        return swapped ? Math.min(least, steps[i - 2][j - 2] + 1) : least;
    }
}
