package hako.spec;

import hako.spec.LinuxSpec.Namespace;
import hako.spec.ProcessSpec.Capabilities;
import java.util.List;
import java.util.Set;

/** What a container gets that asked for nothing special; the same as Docker gives, so that images behave. */
public final class Defaults {
    private Defaults() {}

    /** The capabilities of a container that was given no others, in the order of their numbers. */
    public static final List<String> CAPABILITIES = List.of(
            "CAP_CHOWN",
            "CAP_DAC_OVERRIDE",
            "CAP_FOWNER",
            "CAP_FSETID",
            "CAP_KILL",
            "CAP_SETGID",
            "CAP_SETUID",
            "CAP_SETPCAP",
            "CAP_NET_BIND_SERVICE",
            "CAP_NET_RAW",
            "CAP_SYS_CHROOT",
            "CAP_MKNOD",
            "CAP_AUDIT_WRITE",
            "CAP_SETFCAP");

    /** Paths that tell of the kernel or act on it: covered by an empty file or directory. */
    public static final List<String> MASKED_PATHS = List.of(
            "/proc/acpi",
            "/proc/asound",
            "/proc/interrupts",
            "/proc/kcore",
            "/proc/keys",
            "/proc/latency_stats",
            "/proc/sched_debug",
            "/proc/scsi",
            "/proc/timer_list",
            "/proc/timer_stats",
            "/sys/devices/virtual/powercap",
            "/sys/firmware");

    public static final List<String> READONLY_PATHS =
            List.of("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger");

    public static final String PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

    /** All but the network: a container has the network of its VM. */
    public static List<Namespace> namespaces() {
        return List.of(
                Namespace.fresh("pid"),
                Namespace.fresh("ipc"),
                Namespace.fresh("uts"),
                Namespace.fresh("mount"),
                Namespace.fresh("cgroup"));
    }

    /** In mounting order. */
    public static List<MountSpec> mounts() {
        return List.of(
                MountSpec.of("/proc", "proc", "proc", "nosuid", "noexec", "nodev"),
                MountSpec.of("/dev", "tmpfs", "tmpfs", "nosuid", "strictatime", "mode=755", "size=65536k"),
                MountSpec.of(
                        "/dev/pts",
                        "devpts",
                        "devpts",
                        "nosuid",
                        "noexec",
                        "newinstance",
                        "ptmxmode=0666",
                        "mode=0620",
                        "gid=5"),
                MountSpec.of("/sys", "sysfs", "sysfs", "nosuid", "noexec", "nodev", "ro"),
                MountSpec.of("/sys/fs/cgroup", "cgroup", "cgroup", "ro", "nosuid", "noexec", "nodev"),
                MountSpec.of("/dev/mqueue", "mqueue", "mqueue", "nosuid", "noexec", "nodev"),
                MountSpec.of("/dev/shm", "tmpfs", "shm", "nosuid", "noexec", "nodev", "mode=1777", "size=65536k"));
    }

    public static Capabilities capabilities() {
        return capabilities(CAPABILITIES);
    }

    /** These, all of them effective, none inherited. */
    public static Capabilities capabilities(List<String> names) {
        return new Capabilities(names, names, List.of(), names, List.of());
    }

    /** The default filter, less what these capabilities are there to allow. */
    public static Seccomp seccomp(Set<String> capabilities) {
        return DefaultSeccomp.profile(capabilities);
    }

    public static Seccomp seccomp() {
        return seccomp(Set.copyOf(CAPABILITIES));
    }

    /** All devices refused except those that every container has (runtime-spec, config-linux.md, Default Devices). */
    public static List<LinuxResources.DeviceRule> deviceRules() {
        return List.of(new LinuxResources.DeviceRule(false, null, null, null, "rwm"));
    }
}
