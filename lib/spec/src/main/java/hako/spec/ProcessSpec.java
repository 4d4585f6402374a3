package hako.spec;

import io.avaje.jsonb.Json;
import java.math.BigInteger;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What runs in the container (runtime-spec, config.md, Process); also the content of {@code exec --process FILE}. */
@Json
public record ProcessSpec(
        @Nullable Boolean terminal,
        @Nullable ConsoleSize consoleSize,
        @Nullable User user,
        List<String> args,
        List<String> env,
        @Nullable String cwd,
        @Nullable Capabilities capabilities,
        List<Rlimit> rlimits,
        @Nullable Boolean noNewPrivileges,
        @Nullable String apparmorProfile,
        @Nullable String selinuxLabel,
        @Nullable Integer oomScoreAdj) {

    public ProcessSpec {
        args = Absent.list(args);
        env = Absent.list(env);
        rlimits = Absent.list(rlimits);
    }

    /** Of the terminal, in characters. */
    @Json
    public record ConsoleSize(int height, int width) {}

    /** Numeric, in the container's user namespace; {@code umask} as a number, not octal text. */
    @Json
    public record User(
            int uid,
            int gid,
            @Nullable Integer umask,
            List<Integer> additionalGids,
            @Nullable String username) {
        public User {
            additionalGids = Absent.list(additionalGids);
        }
    }

    /** Names as {@code CAP_CHOWN} (capabilities(7)). */
    @Json
    public record Capabilities(
            List<String> bounding,
            List<String> effective,
            List<String> inheritable,
            List<String> permitted,
            List<String> ambient) {
        public Capabilities {
            bounding = Absent.list(bounding);
            effective = Absent.list(effective);
            inheritable = Absent.list(inheritable);
            permitted = Absent.list(permitted);
            ambient = Absent.list(ambient);
        }
    }

    /** @param type {@code RLIMIT_NOFILE} and so on (getrlimit(2)); the limits are unsigned 64-bit numbers */
    @Json
    public record Rlimit(String type, BigInteger hard, BigInteger soft) {
        public static Rlimit of(String type, long hard, long soft) {
            return new Rlimit(type, BigInteger.valueOf(hard), BigInteger.valueOf(soft));
        }
    }

    /** Reads a process document; {@link hako.base.HakoException} INVALID_ARGUMENT when it is not one. */
    public static ProcessSpec fromJson(byte[] json) {
        return SpecJson.read(ProcessSpec.class, json, "process specification");
    }

    /** UTF-8, without null and empty members. */
    public byte[] toJson() {
        return SpecJson.write(ProcessSpec.class, this);
    }

    public ProcessSpec withArgs(List<String> newArgs) {
        return new ProcessSpec(
                terminal,
                consoleSize,
                user,
                newArgs,
                env,
                cwd,
                capabilities,
                rlimits,
                noNewPrivileges,
                apparmorProfile,
                selinuxLabel,
                oomScoreAdj);
    }
}
