package hako.spec;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import hako.base.HakoException;
import java.math.BigInteger;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

class RuntimeSpecTest {
    private static RuntimeSpec sample() {
        ProcessSpec process = new ProcessSpec(
                true,
                new ProcessSpec.ConsoleSize(24, 80),
                new ProcessSpec.User(0, 0, null, List.of(5, 10), null),
                List.of("sh", "-c", "echo \"hé\""),
                List.of("A=b"),
                "/",
                Defaults.capabilities(),
                List.of(ProcessSpec.Rlimit.of("RLIMIT_NOFILE", 1024, 1024)),
                true,
                null,
                null,
                null);
        LinuxSpec linux = new LinuxSpec(
                List.of(),
                List.of(),
                Map.of("net.core.somaxconn", "128"),
                new LinuxResources(
                        Defaults.deviceRules(),
                        LinuxResources.Memory.limited(512 << 20),
                        LinuxResources.Cpu.limited(150_000, 100_000),
                        new LinuxResources.Pids(100),
                        null,
                        List.of(),
                        Map.of()),
                "/hako/web",
                Defaults.namespaces(),
                List.of(),
                Defaults.seccomp(),
                null,
                Defaults.MASKED_PATHS,
                Defaults.READONLY_PATHS,
                null,
                null);
        return new RuntimeSpec(
                RuntimeSpec.VERSION,
                new RuntimeSpec.Root("rootfs", true),
                process,
                "web",
                null,
                Defaults.mounts(),
                null,
                Map.of("a", "b"),
                linux);
    }

    @Test
    void whatIsWrittenReadsBackTheSame() {
        RuntimeSpec spec = sample();
        assertThat(RuntimeSpec.fromJson(spec.toJson())).isEqualTo(spec);
    }

    @Test
    void absentMembersAreNotWritten() {
        String json = new String(sample().toJson(), UTF_8);
        assertThat(json)
                .contains("\"noNewPrivileges\":true")
                .contains("\"limit\":536870912")
                .doesNotContain("null")
                .doesNotContain("[]")
                .doesNotContain("hooks");
        assertThat(json.length()).as("bytes the guest must parse").isLessThan(8000);
    }

    @Test
    void readsADocumentOfAnotherManagerWithUnknownMembers() {
        RuntimeSpec spec = RuntimeSpec.fromJson("""
                {"ociVersion":"1.0.2-dev","process":{"user":{"uid":0,"gid":0,"additionalGids":null},"args":["sleep"],
                 "rlimits":[{"type":"RLIMIT_CORE","hard":18446744073709551615,"soft":18446744073709551615}],
                 "capabilities":{"bounding":["CAP_KILL"]},"cwd":"/","ioPriority":{"class":"x","priority":1}},
                 "root":{"path":"/r"},"solaris":{"a":[1,{"b":null}]},
                 "mounts":[{"destination":"/proc","type":"proc","source":"proc"}],
                 "linux":{"resources":{"devices":[{"allow":false,"access":"rwm"}],"memory":{},"cpu":{"shares":2}},
                  "namespaces":[{"type":"network","path":"/proc/1/ns/net"}],
                  "intelRdt":{"closID":"x"},"timeOffsets":{"boottime":{"secs":1}}}}
                """.getBytes(UTF_8));
        assertThat(spec.process().rlimits().getFirst().hard()).isEqualTo(new BigInteger("18446744073709551615"));
        assertThat(spec.linux().namespaces().getFirst().path()).isEqualTo("/proc/1/ns/net");
        assertThat(spec.linux().resources().cpu().shares()).isEqualTo(2);
        assertThat(spec.mounts().getFirst().options()).isEmpty();
    }

    @Test
    void aLimitOfCpuTimeIsTakenAwayInEitherSpelling() {
        LinuxResources both = LinuxResources.fromJson("""
                {"cpu": {"quota": 5000, "period": 50000, "shares": 7}, "unified": {"cpu.max": "1 2", "memory.high": "3"}}
                """.getBytes(UTF_8));
        LinuxResources rest = both.withoutCpuTime();
        assertThat(both.limitsCpuTime()).isTrue();
        assertThat(rest.limitsCpuTime()).isFalse();
        assertThat(rest.cpu()).isNotNull();
        assertThat(rest.cpu().shares()).isEqualTo(7);
        assertThat(rest.cpu().period()).isNull();
        assertThat(rest.unified()).isEqualTo(Map.of("memory.high", "3"));
        assertThat(LinuxResources.fromJson("{\"cpu\": {\"quota\": -1}}".getBytes(UTF_8))
                        .limitsCpuTime())
                .isFalse();
    }

    @Test
    void nonsenseIsRefusedWithAReason() {
        for (String text : List.of("", "null", "[]", "{", "{\"mounts\":7}", "\0\0", "[".repeat(200_000))) {
            assertThatThrownBy(() -> RuntimeSpec.fromJson(text.getBytes(UTF_8)))
                    .as(text.length() > 20 ? "deep nesting" : text)
                    .isInstanceOf(HakoException.class)
                    .hasMessageStartingWith("read runtime specification (config.json)");
        }
    }

    @Test
    void deepNestingInAnUnknownMemberIsRefused() {
        String deep = "{\"x\":" + "[".repeat(500_000) + "]".repeat(500_000) + "}";
        try {
            RuntimeSpec.fromJson(deep.getBytes(UTF_8));
        } catch (HakoException e) {
            assertThat(e.code()).isEqualTo(HakoException.Code.INVALID_ARGUMENT);
        }
    }

    @Test
    void theFilterRefusesWhatNeedsACapabilityOnlyWithoutIt() {
        assertThat(refused(Defaults.seccomp()))
                .contains("mount", "bpf", "keyctl", "kexec_load", "init_module", "clone3")
                .doesNotContain("chroot", "read");
        assertThat(refused(Defaults.seccomp(Set.of("CAP_SYS_ADMIN"))))
                .contains("keyctl", "kexec_load", "init_module", "chroot")
                .doesNotContain("mount", "bpf", "clone3", "clone");
    }

    private static List<String> refused(Seccomp filter) {
        return filter.syscalls().stream().flatMap(s -> s.names().stream()).toList();
    }
}
