package hako.vm.qemu;

import hako.vm.Device;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What QEMU is told of a device, the same on its command line and over its monitor: the backend {@code host-ID} and the device
 * the guest sees, {@code dev-ID}.
 */
final class DeviceArguments {
    static final String FRONT = "dev-";
    static final String BACK = "host-";

    /**
     * As large as the disks of a template seem, which have no content: a clone's real ones are smaller, and the file systems on
     * them know their size.
     */
    private static final long EMPTY_BYTES = 16L << 40;

    /**
     * A network card's, and what goes by it: filters, and announcements, which would be the first thing a clone does. A guest takes
     * none of it without the queue.
     *
     * @see <a href="https://docs.oasis-open.org/virtio/virtio/v1.2/virtio-v1.2.html">virtio 1.2, 5.1.3.1</a>
     */
    private static final List<String> NO_CONTROL_QUEUE = List.of(
            "ctrl_vq",
            "ctrl_rx",
            "ctrl_rx_extra",
            "ctrl_vlan",
            "ctrl_mac_addr",
            "ctrl_guest_offloads",
            "guest_announce");

    private DeviceArguments() {}

    /** @param ring it is read and written by io_uring ({@link AsyncIo}) */
    static Map<String, Object> blockNode(Device.Disk disk, boolean ring) {
        String driver = Files.isRegularFile(disk.image()) ? "file" : "host_device";
        Map<String, Object> node = node(disk, "raw");
        node.put("discard", "unmap");
        Map<String, Object> file = new LinkedHashMap<>();
        file.put("driver", driver);
        file.put("filename", disk.image().toString());
        file.put("discard", "unmap");
        if (ring) {
            file.put("aio", "io_uring"); // half again as many small reads as with threads (docs/performance.md)
        }
        node.put("file", file);
        return node;
    }

    /** In the place of its disk while a template is made. */
    static Map<String, Object> emptyBlockNode(Device.Disk disk) {
        Map<String, Object> node = node(disk, "null-co");
        node.put("size", EMPTY_BYTES);
        node.put("read-zeroes", true);
        return node;
    }

    private static Map<String, Object> node(Device.Disk disk, String driver) {
        Map<String, Object> node = new LinkedHashMap<>();
        node.put("driver", driver);
        node.put("node-name", BACK + disk.id());
        node.put("read-only", disk.readOnly());
        return node;
    }

    static Map<String, Object> disk(MachineType machine, Device.Disk disk) {
        Map<String, Object> device = device(machine.virtio("blk"), disk);
        device.put("drive", BACK + disk.id());
        device.put("serial", disk.id());
        device.put("num-queues", 1);
        return device;
    }

    /** @param fd a number, or a name that the monitor knows */
    static Map<String, Object> netdev(Device.Nic nic, String fd) {
        Map<String, Object> netdev = new LinkedHashMap<>();
        netdev.put("type", "tap");
        netdev.put("id", BACK + nic.id());
        netdev.put("fd", fd);
        netdev.put("vhost", Files.isWritable(Path.of("/dev/vhost-net")));
        return netdev;
    }

    static Map<String, Object> nic(MachineType machine, Device.Nic nic) {
        Map<String, Object> device = device(machine.virtio("net"), nic);
        device.put("netdev", BACK + nic.id());
        device.put("mac", nic.mac());
        NO_CONTROL_QUEUE.forEach(feature -> device.put(feature, false));
        if (machine.pluggable()) {
            device.put("romfile", "");
        }
        return device;
    }

    static Map<String, Object> directory(Device.SharedDirectory directory) {
        Map<String, Object> device = device("vhost-user-fs-pci", directory);
        device.put("chardev", BACK + directory.id());
        device.put("tag", directory.id());
        return device;
    }

    static Map<String, Object> memoryBackend(Device.Memory memory) {
        Map<String, Object> backend = new LinkedHashMap<>();
        backend.put("qom-type", "memory-backend-memfd");
        backend.put("id", BACK + memory.id());
        backend.put("size", memory.mostBytes());
        backend.put("share", true);
        backend.put("reserve", false);
        return backend;
    }

    static Map<String, Object> memory(Device.Memory memory) {
        Map<String, Object> device = device("virtio-mem-pci", memory);
        device.put("memdev", BACK + memory.id());
        device.put("requested-size", 0);
        return device;
    }

    private static Map<String, Object> device(String driver, Device device) {
        Map<String, Object> arguments = new LinkedHashMap<>();
        arguments.put("driver", driver);
        arguments.put("id", FRONT + device.id());
        return arguments;
    }

    /** @param slot where it sits; empty: wherever there is room */
    static Map<String, Object> in(String slot, Map<String, Object> device) {
        if (!slot.isEmpty()) {
            device.put("bus", slot);
        }
        return device;
    }
}
