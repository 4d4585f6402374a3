package hako.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * What happens in the child between its birth and the program: {@code posix_spawn_file_actions_t} and {@code
 * posix_spawnattr_t} of glibc 2.34 or newer.
 *
 * <p>SAFETY: the two structures have 80 and 336 bytes in glibc on x86_64 and aarch64 ({@code bits/types/...}, spawn.h);
 * twice that is allocated. Strings given to actions are copied by glibc. All functions return an error number and leave
 * errno alone.
 */
final class SpawnActions implements AutoCloseable {
    private static final MethodHandle ACTIONS_INIT = Libc.link("posix_spawn_file_actions_init");
    private static final MethodHandle ACTIONS_DESTROY = Libc.link("posix_spawn_file_actions_destroy");
    private static final MethodHandle ADD_CHDIR = Libc.link("posix_spawn_file_actions_addchdir_np");
    private static final MethodHandle ADD_CLOSE = Libc.link("posix_spawn_file_actions_addclose");
    private static final MethodHandle ADD_CLOSE_FROM = Libc.link("posix_spawn_file_actions_addclosefrom_np");
    private static final MethodHandle ADD_DUP2 = Libc.link("posix_spawn_file_actions_adddup2");
    private static final MethodHandle ADD_OPEN = Libc.link("posix_spawn_file_actions_addopen");
    private static final MethodHandle ATTR_INIT = Libc.link("posix_spawnattr_init");
    private static final MethodHandle ATTR_FLAGS = Libc.link("posix_spawnattr_setflags");
    private static final MethodHandle ATTR_DEFAULTS = Libc.link("posix_spawnattr_setsigdefault");
    private static final MethodHandle ATTR_MASK = Libc.link("posix_spawnattr_setsigmask");
    private static final MethodHandle SPAWN = Libc.link("posix_spawnp");

    // spawn.h
    private static final int POSIX_SPAWN_SETSIGDEF = 0x04;
    private static final int POSIX_SPAWN_SETSIGMASK = 0x08;
    private static final int POSIX_SPAWN_SETSID = 0x80;

    private static final int SIGSET_SIZE = 128;

    private final Arena arena;
    private final MemorySegment actions;

    SpawnActions(Arena arena) {
        this.arena = arena;
        actions = arena.allocate(160, 16);
        check("posix_spawn_file_actions_init", Libc.call(ACTIONS_INIT, actions.address()));
    }

    void dup2(int ours, int childs) {
        check("posix_spawn_file_actions_adddup2", Libc.call(ADD_DUP2, actions.address(), ours, childs));
    }

    /** Closes {@code childs}; one that is not open is no error (glibc, spawni.c). */
    void close(int childs) {
        check("posix_spawn_file_actions_addclose", Libc.call(ADD_CLOSE, actions.address(), childs));
    }

    /** Closes {@code least} and all above. */
    void closeFrom(int least) {
        check("posix_spawn_file_actions_addclosefrom_np", Libc.call(ADD_CLOSE_FROM, actions.address(), least));
    }

    void openNull(int childs) {
        long path = arena.allocateFrom("/dev/null").address();
        check(
                "posix_spawn_file_actions_addopen",
                Libc.call(ADD_OPEN, actions.address(), childs, path, Fd.O_RDWR, 0, 0));
    }

    void chdir(Path directory) {
        long path = arena.allocateFrom(directory.toString()).address();
        check("posix_spawn_file_actions_addchdir_np", Libc.call(ADD_CHDIR, actions.address(), path));
    }

    long spawn(String program, List<String> argv, Map<String, String> env, boolean setsid) {
        List<String> variables = env.entrySet().stream()
                .map(e -> e.getKey() + "=" + e.getValue())
                .toList();
        MemorySegment pid = arena.allocate(4);
        int error = Libc.call(
                SPAWN,
                pid.address(),
                arena.allocateFrom(program).address(),
                actions.address(),
                attributes(setsid).address(),
                Spawn.strings(arena, argv).address(),
                Spawn.strings(arena, variables).address());
        if (error != 0) {
            throw new LinuxException("posix_spawn", "execute " + program, error);
        }
        return pid.get(Syscall.INT, 0);
    }

    private MemorySegment attributes(boolean setsid) {
        MemorySegment attributes = arena.allocate(672, 16);
        MemorySegment all = arena.allocate(SIGSET_SIZE, 8).fill((byte) 0xFF);
        MemorySegment none = arena.allocate(SIGSET_SIZE, 8);
        int flags = POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | (setsid ? POSIX_SPAWN_SETSID : 0);
        check("posix_spawnattr_init", Libc.call(ATTR_INIT, attributes.address()));
        check("posix_spawnattr_setsigdefault", Libc.call(ATTR_DEFAULTS, attributes.address(), all.address()));
        check("posix_spawnattr_setsigmask", Libc.call(ATTR_MASK, attributes.address(), none.address()));
        check("posix_spawnattr_setflags", Libc.call(ATTR_FLAGS, attributes.address(), flags));
        return attributes;
    }

    private static void check(String function, int error) {
        if (error != 0) {
            throw new LinuxException(function, function, error);
        }
    }

    @Override
    public void close() {
        Libc.call(ACTIONS_DESTROY, actions.address());
    }
}
