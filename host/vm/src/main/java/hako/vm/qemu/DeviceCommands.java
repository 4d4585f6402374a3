package hako.vm.qemu;

import hako.base.HakoException;
import hako.base.Undo;
import hako.linux.Errno;
import hako.linux.Fd;
import hako.linux.LinuxException;
import hako.linux.Tap;
import hako.vm.Device;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The monitor's commands that put a device in and take it out. A device is two things in QEMU: a backend (block node, netdev,
 * chardev) and a frontend (the device the guest sees), named {@code host-ID} and {@code dev-ID}. Threads: one at a time.
 */
record DeviceCommands(QemuConfig config, RunFiles files, QmpConnection qmp) {
    static final String FRONT = DeviceArguments.FRONT;

    private static final String BACK = DeviceArguments.BACK;
    private static final Duration COMMAND = Duration.ofSeconds(20);

    /** How the backend of a plugged device is given back. */
    enum Backend {
        BLOCK("blockdev-del", "node-name"),
        NETDEV("netdev_del", "id"),
        CHARDEV("chardev-remove", "id"),
        MEMORY("object-del", "id");

        static Backend of(Device device) {
            return switch (device) {
                case Device.Disk _, Device.HostDisk _ -> BLOCK;
                case Device.Nic _ -> NETDEV;
                case Device.SharedDirectory _ -> CHARDEV;
                case Device.Memory _ -> MEMORY;
            };
        }

        private final String removal;
        private final String key;

        Backend(String removal, String key) {
            this.removal = removal;
            this.key = key;
        }
    }

    /**
     * @param slot the root port it sits in; empty where there are none
     * @param helper of a shared directory
     */
    record Plugged(Backend backend, String slot, @Nullable Virtiofsd helper) {}

    /** @param undo is told how to take back what was done, should a later step fail */
    Plugged plug(Device device, String slot, Undo undo) {
        return switch (device) {
            case Device.Disk disk -> disk(disk, slot, undo);
            case Device.HostDisk disk -> hostDisk(disk, slot, undo);
            case Device.SharedDirectory directory -> directory(directory, slot, undo);
            case Device.Nic nic -> nic(nic, slot, undo);
            case Device.Memory memory -> memory(memory, slot, undo);
        };
    }

    private Plugged memory(Device.Memory memory, String slot, Undo undo) {
        addBackend(undo, Backend.MEMORY, memory.id(), "object-add", DeviceArguments.memoryBackend(memory));
        addFrontend(slot, DeviceArguments.memory(memory));
        return new Plugged(Backend.MEMORY, slot, null);
    }

    /** Asks the guest to have so much of it; it does when it can. */
    void requestMemory(String id, long bytes) {
        String device = "/machine/peripheral/" + FRONT + id;
        qmp.execute("qom-set", Map.of("path", device, "property", "requested-size", "value", bytes), COMMAND);
    }

    /** What the guest has of it. */
    long memory(String id) {
        String device = "/machine/peripheral/" + FRONT + id;
        Object size = qmp.execute("qom-get", Map.of("path", device, "property", "size"), COMMAND);
        return size instanceof Number number ? number.longValue() : 0;
    }

    private Plugged disk(Device.Disk disk, String slot, Undo undo) {
        addBackend(
                undo,
                Backend.BLOCK,
                disk.id(),
                "blockdev-add",
                DeviceArguments.blockNode(disk, AsyncIo.isRing(config.binary())));
        addFrontend(slot, DeviceArguments.disk(MachineType.Q35, disk));
        return new Plugged(Backend.BLOCK, slot, null);
    }

    /** QEMU has a descriptor of it, by a name that is its own ({@code qapi/misc.json}, add-fd). */
    private Plugged hostDisk(Device.HostDisk disk, String slot, Undo undo) {
        Number set;
        try (Fd device = open(disk)) {
            Object added = qmp.execute("add-fd", Map.of(), List.of(device), COMMAND);
            set = (Number) Objects.requireNonNull(((Map<?, ?>) added).get("fdset-id"));
        }
        Device.Disk seen = new Device.Disk(disk.id(), Path.of("/dev/fdset/" + set), disk.readOnly());
        try {
            return disk(seen, slot, undo);
        } finally { // what it opened stays open
            qmp.execute("remove-fd", Map.of("fdset-id", set), COMMAND);
        }
    }

    private static Fd open(Device.HostDisk disk) {
        try {
            return disk.source().open(disk.readOnly());
        } catch (LinuxException e) {
            String mend = e.errno() == Errno.EBUSY
                    ? "; the host has it mounted, or another VM writes to it: one of them must let go of it, or it is given read-only"
                    : "";
            throw new HakoException(e.kind(), e.code(), e.getMessage() + mend, e);
        }
    }

    /** The device's drive can be set while it runs (QEMU's {@code hw/core/qdev-properties-system.c}, since 6.2). */
    void replace(Device.Disk disk) {
        String device = "/machine/peripheral/" + FRONT + disk.id();
        Object before = qmp.execute("qom-get", Map.of("path", device, "property", "drive"), COMMAND);
        Map<String, Object> node = DeviceArguments.blockNode(disk, AsyncIo.isRing(config.binary()));
        String name = BACK + disk.id() + "-" + System.nanoTime();
        node.put("node-name", name);
        qmp.execute("blockdev-add", node, COMMAND);
        qmp.execute("qom-set", Map.of("path", device, "property", "drive", "value", name), COMMAND);
        qmp.execute("blockdev-del", Map.of("node-name", String.valueOf(before)), COMMAND);
    }

    private Plugged nic(Device.Nic nic, String slot, Undo undo) {
        try (Fd tap = Tap.open(nic.tap())) {
            pass(nic.id(), tap);
        }
        addBackend(undo, Backend.NETDEV, nic.id(), "netdev_add", DeviceArguments.netdev(nic, BACK + nic.id()));
        addFrontend(slot, DeviceArguments.nic(MachineType.Q35, nic));
        return new Plugged(Backend.NETDEV, slot, null);
    }

    /** The helper works in the guest's memory, and cannot where that lies copy-on-write over a template's: the guest would hang. */
    private void requireReachableMemory(Device.SharedDirectory directory) {
        boolean isPrivate = qmp.execute("query-memdev", COMMAND) instanceof List<?> all
                && all.stream()
                        .anyMatch(one -> one instanceof Map<?, ?> part && Boolean.FALSE.equals(part.get("share")));
        if (isPrivate) {
            throw new HakoException(
                    HakoException.Kind.EXTERNAL,
                    HakoException.Code.UNSUPPORTED,
                    "share %s with VM %s: it was cloned for a container without volumes, with its template's memory"
                            .formatted(directory.directory(), files.id()));
        }
    }

    private Plugged directory(Device.SharedDirectory directory, String slot, Undo undo) {
        requireReachableMemory(directory);
        Virtiofsd.Started started = Virtiofsd.start(config, files, directory.id(), directory.directory());
        Virtiofsd helper = started.helper();
        undo.add(helper::kill);
        try (Fd connection = started.connection()) {
            pass(directory.id(), connection);
            addBackend(
                    undo,
                    Backend.CHARDEV,
                    directory.id(),
                    "chardev-add",
                    Map.of(
                            "id",
                            BACK + directory.id(),
                            "backend",
                            Map.of(
                                    "type",
                                    "socket",
                                    "data",
                                    Map.of(
                                            "server",
                                            false,
                                            "addr",
                                            Map.of("type", "fd", "data", Map.of("str", BACK + directory.id()))))));
            addFrontend(slot, DeviceArguments.directory(directory));
        } catch (QmpException e) {
            String said = ErrorLog.tail(files.virtiofsLog(directory.id()), 500);
            throw said.isEmpty()
                    ? e
                    : new HakoException(
                            e.kind(), e.code(), "%s; virtiofsd said: %s".formatted(e.getMessage(), said), e);
        }
        return new Plugged(Backend.CHARDEV, slot, helper);
    }

    /** Gives QEMU a descriptor under the backend's name; the next command with that name takes it. */
    private void pass(String id, Fd fd) {
        qmp.execute("getfd", Map.of("fdname", BACK + id), List.of(fd), COMMAND);
    }

    private void addBackend(Undo undo, Backend backend, String id, String command, Map<String, ?> arguments) {
        qmp.execute(command, arguments, COMMAND);
        undo.add(() -> removeBackend(backend, id));
    }

    void removeBackend(Backend backend, String id) {
        qmp.execute(backend.removal, Map.of(backend.key, BACK + id), COMMAND);
    }

    /** The backend of a disk that its guest let go of while no daemon looked; as a rule there is none. */
    void removeLeftOver(String id) {
        try {
            removeBackend(Backend.BLOCK, id);
        } catch (QmpException e) {
            if (e.errorClass().isEmpty()) {
                throw e;
            } // else there is none
        }
    }

    private void addFrontend(String slot, Map<String, Object> arguments) {
        qmp.execute("device_add", DeviceArguments.in(slot, arguments), COMMAND);
    }

    /** Asks the guest to let go; it has when {@code DEVICE_DELETED} comes. */
    void askToLeave(String id) {
        qmp.execute("device_del", Map.of("id", FRONT + id), COMMAND);
    }
}
