package hako.cgroup;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import hako.base.HakoException;
import hako.spec.LinuxResources;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SystemdScopeTest {
    @ParameterizedTest
    @CsvSource({
        "system.slice:docker:0123, /system.slice/docker-0123.scope",
        "machine.slice:libpod:0123, /machine.slice/libpod-0123.scope",
        "kubepods-burstable-pod1_2.slice:cri-containerd:0123,"
                + "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1_2.slice/cri-containerd-0123.scope",
        ":docker:0123, /system.slice/docker-0123.scope",
        "system.slice::0123, /system.slice/0123.scope",
        "-.slice:docker:0123, /docker-0123.scope",
        "'', /system.slice/hako-web.scope",
    })
    void itsCgroupIsBelowAllSlicesThatItsSliceNames(String cgroupsPath, String path) {
        assertThat(SystemdScope.named(cgroupsPath, "web").path()).isEqualTo(path);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/docker/0123",
                "system.slice:0123",
                "system.slice:docker:",
                "system.slice:docker:a/b",
                "system.slice:../../x:y",
                "system:docker:0123",
                ".slice:docker:0123",
                "a--b.slice:docker:0123",
                "-a.slice:docker:0123",
                "a/b.slice:docker:0123",
                "system.slice:docker:0123:4",
            })
    void whatIsNoScopeIsRefused(String cgroupsPath) {
        assertThatThrownBy(() -> SystemdScope.named(cgroupsPath, "web"))
                .isInstanceOf(HakoException.class)
                .hasMessageContaining("cgroupsPath \"" + cgroupsPath + "\"");
    }

    @Test
    void systemdIsToldTheLimitsThatItKnows() {
        LinuxResources limits = LinuxResources.fromJson("""
                {"memory": {"limit": 67108864, "swap": 100663296}, "pids": {"limit": -1},
                 "cpu": {"quota": 25001, "period": 50000, "shares": 1024, "cpus": "0"}}""".getBytes(UTF_8));
        assertThat(SystemdScope.told(limits).stream().map(words -> String.join(" ", words)))
                .containsExactly(
                        "MemorySwapMax t 33554432",
                        "MemoryMax t 67108864",
                        "CPUWeight t 39",
                        "CPUQuotaPerSecUSec t 510000",
                        "CPUQuotaPeriodUSec t 50000",
                        "TasksMax t 18446744073709551615");
    }
}
