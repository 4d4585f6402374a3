package hako.oci;

import hako.base.HakoException;
import hako.spec.LinuxResources;
import hako.spec.LinuxResources.Cpu;
import hako.spec.LinuxResources.Memory;
import hako.spec.PodResources;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What CRI-O and containerd write into a bundle's annotations about the pod that its container belongs to. */
record PodAnnotations(Map<String, String> all) {
    private static final String CRIO = "io.kubernetes.cri-o.";
    private static final String CONTAINERD = "io.kubernetes.cri.";

    /** Id of the container that the pod's sandbox was made for; empty: this is none of a pod, or is that container itself. */
    Optional<String> sandbox() {
        return either(CRIO + "ContainerType", CONTAINERD + "container-type")
                .filter("container"::equals)
                .flatMap(_ -> either(CRIO + "SandboxID", CONTAINERD + "sandbox-id"));
    }

    /** Its manager makes no container for the pod's sandbox, or may not. */
    boolean mayBeFirst() {
        return all.containsKey(CRIO + "SandboxID");
    }

    boolean isPod() {
        return either(CRIO + "ContainerType", CONTAINERD + "container-type").isPresent();
    }

    /** What all containers of the pod may use together, where that is known. */
    Optional<LinuxResources> size() {
        PodResources whole = resources();
        long memory = whole.memoryLimitInBytes();
        long quota = whole.cpuQuota();
        if (memory <= 0 && quota <= 0) {
            return Optional.empty();
        }
        return Optional.of(new LinuxResources(
                List.of(),
                memory > 0 ? Memory.limited(memory) : null,
                quota > 0 ? Cpu.limited(quota, whole.cpuPeriod()) : null,
                null,
                null,
                List.of(),
                Map.of()));
    }

    /** What cannot be read counts for nothing. */
    private PodResources resources() {
        try {
            return all.containsKey(CRIO + "PodLinuxResources")
                    ? PodResources.fromJson(all.get(CRIO + "PodLinuxResources"))
                    : new PodResources(
                            number("sandbox-memory"), number("sandbox-cpu-quota"), number("sandbox-cpu-period"));
        } catch (HakoException e) {
            return new PodResources(0, 0, 0);
        }
    }

    private Optional<String> either(String first, String second) {
        return Optional.ofNullable(all.getOrDefault(first, all.get(second))).filter(value -> !value.isEmpty());
    }

    /** 0: there is none. */
    private long number(String name) {
        try {
            return Long.parseLong(all.getOrDefault(CONTAINERD + name, "0"));
        } catch (NumberFormatException e) {
            return 0;
        }
    }
}
