package hako.sandbox;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Things that several containers have, each of which goes with the last of them. Threads: any. */
final class Uses {
    /** Users by thing. Guarded by this. */
    private final Map<String, Set<String>> users = new HashMap<>();

    /** Whether it is the first that has it. */
    synchronized boolean add(String thing, String user) {
        boolean first = !users.containsKey(thing);
        users.computeIfAbsent(thing, _ -> new HashSet<>()).add(user);
        return first;
    }

    /** What nobody has any more. */
    synchronized List<String> release(String user) {
        users.values().forEach(all -> all.remove(user));
        List<String> unused = users.entrySet().stream()
                .filter(entry -> entry.getValue().isEmpty())
                .map(Map.Entry::getKey)
                .toList();
        unused.forEach(users::remove);
        return unused;
    }
}
