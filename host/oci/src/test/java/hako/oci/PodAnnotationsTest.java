package hako.oci;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;

class PodAnnotationsTest {
    private static PodAnnotations containerd(String type, Map<String, String> more) {
        Map<String, String> all = new java.util.HashMap<>(more);
        all.put("io.kubernetes.cri.container-type", type);
        all.put("io.kubernetes.cri.sandbox-id", "pod1");
        return new PodAnnotations(all);
    }

    @Test
    void aContainerOfAPodNamesItsSandbox() {
        assertThat(containerd("container", Map.of()).sandbox()).contains("pod1");
        assertThat(new PodAnnotations(Map.of(
                                "io.kubernetes.cri-o.ContainerType",
                                "container",
                                "io.kubernetes.cri-o.SandboxID",
                                "pod2"))
                        .sandbox())
                .contains("pod2");
    }

    @Test
    void theSandboxItselfJoinsNothingAndIsOfAPodAllTheSame() {
        PodAnnotations pause = containerd("sandbox", Map.of());
        assertThat(pause.sandbox()).isEmpty();
        assertThat(pause.isPod()).isTrue();
        assertThat(new PodAnnotations(Map.of("a", "b")).isPod()).isFalse();
    }

    @Test
    void aPodsSizeIsThatOfTheWholeSandbox() {
        PodAnnotations sized = containerd(
                "sandbox",
                Map.of(
                        "io.kubernetes.cri.sandbox-memory", "268435456",
                        "io.kubernetes.cri.sandbox-cpu-quota", "150000",
                        "io.kubernetes.cri.sandbox-cpu-period", "50000"));
        assertThat(sized.size()).hasValueSatisfying(size -> {
            assertThat(size.memory().limit()).isEqualTo(256 << 20);
            assertThat(size.cpu().quota()).isEqualTo(150000);
            assertThat(size.cpu().period()).isEqualTo(50000);
        });
    }

    @Test
    void crioWritesAPodsSizeAsTheKubeletTellsIt() {
        assertThat(crio("{\"cpu_period\": 50000, \"cpu_quota\": 150000, \"memory_limit_in_bytes\": 268435456}")
                        .size())
                .hasValueSatisfying(size -> {
                    assertThat(size.memory().limit()).isEqualTo(256 << 20);
                    assertThat(size.cpu().quota()).isEqualTo(150000);
                    assertThat(size.cpu().period()).isEqualTo(50000);
                });
        assertThat(crio("{}").size()).isEmpty();
        assertThat(crio("much").size()).isEmpty();
    }

    private static PodAnnotations crio(String resources) {
        return new PodAnnotations(Map.of("io.kubernetes.cri-o.PodLinuxResources", resources));
    }

    @Test
    void onlyCriosFirstContainerMayBeWithoutItsSandbox() {
        assertThat(new PodAnnotations(Map.of("io.kubernetes.cri-o.SandboxID", "pod2")).mayBeFirst())
                .isTrue();
        assertThat(containerd("container", Map.of()).mayBeFirst()).isFalse();
    }

    @Test
    void aSizeThatIsNoneOrNoNumberCountsForNothing() {
        assertThat(containerd("sandbox", Map.of("io.kubernetes.cri.sandbox-memory", "0"))
                        .size())
                .isEmpty();
        assertThat(containerd("sandbox", Map.of("io.kubernetes.cri.sandbox-memory", "much"))
                        .size())
                .isEmpty();
    }
}
