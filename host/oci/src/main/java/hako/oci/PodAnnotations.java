package hako.oci;

import hako.spec.LinuxResources;
import hako.spec.LinuxResources.Cpu;
import hako.spec.LinuxResources.Memory;
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
        long memory = number("sandbox-memory");
        long quota = number("sandbox-cpu-quota");
        if (memory <= 0 && quota <= 0) {
            return Optional.empty();
        }
        return Optional.of(new LinuxResources(
                List.of(),
                memory > 0 ? Memory.limited(memory) : null,
                quota > 0 ? Cpu.limited(quota, number("sandbox-cpu-period")) : null,
                null,
                null,
                List.of(),
                Map.of()));
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
