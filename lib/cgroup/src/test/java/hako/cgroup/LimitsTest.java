package hako.cgroup;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import hako.base.HakoException;
import hako.spec.LinuxResources;
import java.util.List;
import org.junit.jupiter.api.Test;

class LimitsTest {
    private static LinuxResources resources(String json) {
        return LinuxResources.fromJson(json.getBytes(UTF_8));
    }

    private static List<String> lines(List<Setting> settings) {
        return settings.stream()
                .map(setting -> setting.file() + "=" + setting.value())
                .toList();
    }

    private static List<String> v1(String json) {
        return lines(LimitsV1.of(resources(json)));
    }

    private static List<String> v2(String json) {
        return lines(LimitsV2.of(resources(json)));
    }

    @Test
    void memoryIsAloneOrTogetherWithSwap() {
        String limits = "{\"memory\": {\"limit\": 1000, \"swap\": 1500, \"reservation\": 500}}";
        assertThat(v1(limits))
                .containsExactly(
                        "memory.limit_in_bytes=1000",
                        "memory.memsw.limit_in_bytes=1500",
                        "memory.soft_limit_in_bytes=500");
        assertThat(v2(limits)).containsExactly("memory.swap.max=500", "memory.max=1000", "memory.low=500");
        assertThat(v2("{\"memory\": {\"limit\": -1, \"swap\": -1}}"))
                .containsExactly("memory.swap.max=max", "memory.max=max");
    }

    @Test
    void cpuTimeIsShareAndQuota() {
        String limits = "{\"cpu\": {\"shares\": 1024, \"quota\": 5000, \"period\": 10000, \"cpus\": \"0-1\"}}";
        assertThat(v1(limits))
                .containsExactly(
                        "cpu.shares=1024", "cpu.cfs_period_us=10000", "cpu.cfs_quota_us=5000", "cpuset.cpus=0-1");
        assertThat(v2(limits)).containsExactly("cpu.weight=39", "cpu.max=5000 10000", "cpuset.cpus=0-1");
        assertThat(v2("{\"cpu\": {\"quota\": -1}}")).containsExactly("cpu.max=max");
    }

    @Test
    void theRestIsWrittenAsTheKernelReadsIt() {
        String limits = """
                {"pids": {"limit": -1},
                 "blockIO": {"weight": 1000, "weightDevice": [{"major": 8, "minor": 0, "weight": 20}],
                             "throttleReadBpsDevice": [{"major": 8, "minor": 1, "rate": 9}]},
                 "hugepageLimits": [{"pageSize": "2MB", "limit": 4096}], "unified": {"memory.high": "7"}}
                """;
        assertThat(v1(limits))
                .contains(
                        "pids.max=max",
                        "blkio.weight=1000",
                        "blkio.bfq.weight=1000",
                        "blkio.bfq.weight_device=8:0 20",
                        "blkio.throttle.read_bps_device=8:1 9",
                        "hugetlb.2MB.limit_in_bytes=4096")
                .doesNotContain("memory.high=7");
        assertThat(v2(limits))
                .containsExactly(
                        "pids.max=max",
                        "io.bfq.weight=1000",
                        "io.weight=default 10000",
                        "io.bfq.weight=8:0 20",
                        "io.max=8:1 rbps=9",
                        "hugetlb.2MB.max=4096",
                        "memory.high=7");
    }

    @Test
    void zeroAndAbsentAreNoLimits() {
        String limits = "{\"memory\": {\"limit\": 0}, \"cpu\": {\"shares\": 0}, \"pids\": {\"limit\": 0}}";
        assertThat(v1(limits)).isEmpty();
        assertThat(v2(limits)).isEmpty();
        assertThat(v1("{}")).isEmpty();
    }

    @Test
    void aSpecificationCannotWriteIntoOtherFiles() {
        for (String file : List.of("../../etc/passwd", "cgroup.procs", "memory/../x.y", "memory", "")) {
            assertThatThrownBy(() -> v2("{\"unified\": {\"" + file + "\": \"1\"}}"))
                    .as(file)
                    .isInstanceOf(HakoException.class)
                    .hasMessageContaining("is no limit of a cgroup");
        }
        assertThatThrownBy(() -> v1("{\"hugepageLimits\": [{\"pageSize\": \"/../../x\", \"limit\": 1}]}"))
                .isInstanceOf(HakoException.class);
    }
}
