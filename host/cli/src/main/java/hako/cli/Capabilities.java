package hako.cli;

import hako.base.HakoException;
import hako.door.Printable;
import hako.spec.Defaults;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Which capabilities a container has, from {@code --cap-add} and {@code --cap-drop} ({@code capabilities(7)}). */
final class Capabilities {
    /** By number, from 0 (include/uapi/linux/capability.h). */
    static final List<String> ALL = List.of(
            "CAP_CHOWN",
            "CAP_DAC_OVERRIDE",
            "CAP_DAC_READ_SEARCH",
            "CAP_FOWNER",
            "CAP_FSETID",
            "CAP_KILL",
            "CAP_SETGID",
            "CAP_SETUID",
            "CAP_SETPCAP",
            "CAP_LINUX_IMMUTABLE",
            "CAP_NET_BIND_SERVICE",
            "CAP_NET_BROADCAST",
            "CAP_NET_ADMIN",
            "CAP_NET_RAW",
            "CAP_IPC_LOCK",
            "CAP_IPC_OWNER",
            "CAP_SYS_MODULE",
            "CAP_SYS_RAWIO",
            "CAP_SYS_CHROOT",
            "CAP_SYS_PTRACE",
            "CAP_SYS_PACCT",
            "CAP_SYS_ADMIN",
            "CAP_SYS_BOOT",
            "CAP_SYS_NICE",
            "CAP_SYS_RESOURCE",
            "CAP_SYS_TIME",
            "CAP_SYS_TTY_CONFIG",
            "CAP_MKNOD",
            "CAP_LEASE",
            "CAP_AUDIT_WRITE",
            "CAP_AUDIT_CONTROL",
            "CAP_SETFCAP",
            "CAP_MAC_OVERRIDE",
            "CAP_MAC_ADMIN",
            "CAP_SYSLOG",
            "CAP_WAKE_ALARM",
            "CAP_BLOCK_SUSPEND",
            "CAP_AUDIT_READ",
            "CAP_PERFMON",
            "CAP_BPF",
            "CAP_CHECKPOINT_RESTORE");

    private static final String EVERY = "ALL";

    private Capabilities() {}

    /** In the order of their numbers. What is both added and dropped is dropped, but {@code ALL} gives way to names. */
    static List<String> of(List<String> added, List<String> dropped) {
        List<String> add = added.stream().map(Capabilities::name).toList();
        List<String> drop = dropped.stream().map(Capabilities::name).toList();
        List<String> result = new ArrayList<>();
        for (String capability : ALL) {
            boolean start = add.contains(EVERY) || !drop.contains(EVERY) && Defaults.CAPABILITIES.contains(capability);
            if (!drop.contains(capability) && (start || add.contains(capability))) {
                result.add(capability);
            }
        }
        return result;
    }

    private static String name(String text) {
        String upper = text.toUpperCase(Locale.ROOT);
        String name = upper.equals(EVERY) || upper.startsWith("CAP_") ? upper : "CAP_" + upper;
        if (!name.equals(EVERY) && !ALL.contains(name)) {
            throw HakoException.user(
                    HakoException.Code.INVALID_ARGUMENT, "unknown capability \"%s\"".formatted(Printable.line(text)));
        }
        return name;
    }
}
