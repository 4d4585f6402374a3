package hako.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Starts programs by {@code posix_spawn(3)}: no fork of the JVM's address space, and any descriptors under any numbers,
 * which {@link ProcessBuilder} cannot pass.
 *
 * <p>The child starts with no signal blocked and all at their defaults. It has descriptors 0, 1 and 2, {@code
 * /dev/null} where none is given, those asked for, and nothing else. Ours are close-on-exec, but the JVM's own (jars,
 * its module image) are not: the child closes them.
 */
public final class Spawn {
    private static final int FIRST_AFTER_STDIO = 3;

    private Spawn() {}

    /**
     * Returns when the program has been executed.
     *
     * @param argv the program, searched in {@code PATH} if it has no slash, and its arguments
     * @param env the whole environment
     * @param cwd null: the daemon's
     * @param descriptors the child's number to ours, which stays open here
     * @param setsid makes it the leader of a session of its own
     * @throws LinuxException {@code ENOENT}, {@code EACCES} and others where the program cannot be executed
     */
    public static Spawned start(
            List<String> argv,
            Map<String, String> env,
            @Nullable Path cwd,
            Map<Integer, Integer> descriptors,
            boolean setsid) {
        return start(argv.getFirst(), argv, env, cwd, descriptors, setsid);
    }

    /** The same of a program that is called by another name than its own, which is the first of {@code argv}. */
    public static Spawned start(
            String program,
            List<String> argv,
            Map<String, String> env,
            @Nullable Path cwd,
            Map<Integer, Integer> descriptors,
            boolean setsid) {
        List<Fd> sources = new ArrayList<>();
        try (Arena arena = Arena.ofConfined();
                SpawnActions actions = new SpawnActions(arena)) {
            Map<Integer, Integer> targets = new TreeMap<>(descriptors);
            // Copies lie above every target, so that no dup2 overwrites a source still needed, nor is one onto itself,
            // which would leave it close-on-exec.
            int above = targets.keySet().stream().mapToInt(n -> n + 1).reduce(FIRST_AFTER_STDIO, Math::max);
            targets.forEach((child, ours) -> {
                Fd copy = Fd.dup(ours, above);
                sources.add(copy);
                actions.dup2(copy.number(), child);
            });
            for (int i = 0; i < above; i++) {
                if (!targets.containsKey(i)) {
                    if (i < FIRST_AFTER_STDIO) {
                        actions.openNull(i);
                    } else {
                        actions.close(i);
                    }
                }
            }
            actions.closeFrom(above);
            if (cwd != null) {
                actions.chdir(cwd);
            }
            long pid = actions.spawn(program, argv, env, setsid);
            return new Spawned(pid, PidFd.open(pid));
        } finally {
            sources.forEach(Fd::close);
        }
    }

    /** A NULL-terminated array of C strings. */
    static MemorySegment strings(Arena arena, List<String> values) {
        MemorySegment array = arena.allocate(8L * (values.size() + 1), 8);
        for (int i = 0; i < values.size(); i++) {
            array.set(Syscall.LONG, 8L * i, arena.allocateFrom(values.get(i)).address());
        }
        return array;
    }
}
