package hako.spec;

import io.avaje.jsonb.Json;
import java.math.BigInteger;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A system call filter (runtime-spec, config-linux.md, Seccomp; seccomp(2)). */
@Json
public record Seccomp(
        String defaultAction,
        @Nullable Integer defaultErrnoRet,
        List<String> architectures,
        List<String> flags,
        @Nullable String listenerPath,
        @Nullable String listenerMetadata,
        List<Syscall> syscalls) {

    public Seccomp {
        architectures = Absent.list(architectures);
        flags = Absent.list(flags);
        syscalls = Absent.list(syscalls);
    }

    /** What happens to calls of these names whose arguments satisfy every one of {@code args}. */
    @Json
    public record Syscall(
            List<String> names, String action, @Nullable Integer errnoRet, List<Argument> args) {
        public Syscall {
            names = Absent.list(names);
            args = Absent.list(args);
        }
    }

    /** @param op {@code SCMP_CMP_EQ} and so on; with {@code SCMP_CMP_MASKED_EQ}: {@code arg & value == valueTwo} */
    @Json
    public record Argument(
            int index, BigInteger value, @Nullable BigInteger valueTwo, String op) {}
}
