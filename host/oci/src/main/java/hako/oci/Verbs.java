package hako.oci;

import hako.door.UsageException;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/** All verbs by name. A call makes the one it names, and no other. */
final class Verbs {
    private static final Map<String, Supplier<Verb>> ALL = new LinkedHashMap<>();

    static {
        ALL.put("create", Create::new);
        ALL.put("start", Start::new);
        ALL.put("state", State::new);
        ALL.put("kill", Kill::new);
        ALL.put("delete", Delete::new);
        ALL.put("list", ListContainers::new);
        ALL.put("run", Run::new);
        ALL.put("exec", Exec::new);
        ALL.put("ps", Ps::new);
        ALL.put("pause", Pause::new);
        ALL.put("resume", Resume::new);
        ALL.put("update", Update::new);
        ALL.put("events", Events::new);
        ALL.put("spec", Spec::new);
        ALL.put("features", Features::new);
        for (String verb : List.of("checkpoint", "restore")) {
            ALL.put(verb, () -> new Refused(verb, "CRIU sees nothing of what runs in a VM"));
        }
    }

    private Verbs() {}

    static Verb find(String name) {
        Supplier<Verb> verb = ALL.get(name);
        if (verb == null) {
            throw new UsageException("No help topic for '" + name + "'");
        }
        return verb.get();
    }

    /** In the order they are listed in. */
    static Collection<Verb> all() {
        return ALL.values().stream().map(Supplier::get).toList();
    }
}
