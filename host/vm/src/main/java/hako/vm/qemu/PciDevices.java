package hako.vm.qemu;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** What sits on the buses of a VM, out of {@code query-pci} ({@code qapi/pci.json}). */
final class PciDevices {
    /** Modern and transitional device ids, virtio specification 1.1 section 4.1.2.1. */
    enum Kind {
        DISK(0x1001, 0x1042),
        NIC(0x1000, 0x1041),
        DIRECTORY(0x105a, 0x105a),
        MEMORY(0x1058, 0x1058);

        private final int transitional;
        private final int modern;

        Kind(int transitional, int modern) {
            this.transitional = transitional;
            this.modern = modern;
        }

        static Optional<Kind> of(int device) {
            for (Kind kind : values()) {
                if (device == kind.transitional || device == kind.modern) {
                    return Optional.of(kind);
                }
            }
            return Optional.empty();
        }
    }

    /** @param slot the root port above it; empty where it sits on the root bus */
    record Found(String id, Kind kind, String slot) {}

    private PciDevices() {}

    /** Those whose name begins with {@code prefix}, which is taken off. */
    static List<Found> list(@Nullable Object buses, String prefix) {
        List<Found> found = new ArrayList<>();
        for (Map<?, ?> bus : maps(buses)) {
            for (Map<?, ?> device : maps(bus.get("devices"))) {
                add(device, prefix, "", found);
                if (device.get("pci_bridge") instanceof Map<?, ?> bridge) {
                    String slot = text(device, "qdev_id");
                    maps(bridge.get("devices")).forEach(below -> add(below, prefix, slot, found));
                }
            }
        }
        return found;
    }

    /** Bridges whose name begins with {@code prefix}. */
    static List<String> ports(@Nullable Object buses, String prefix) {
        return maps(buses).stream()
                .flatMap(bus -> maps(bus.get("devices")).stream())
                .filter(device -> device.get("pci_bridge") != null)
                .map(device -> text(device, "qdev_id"))
                .filter(name -> name.startsWith(prefix))
                .toList();
    }

    private static void add(Map<?, ?> device, String prefix, String slot, List<Found> found) {
        String name = text(device, "qdev_id");
        if (name.startsWith(prefix)) {
            Kind.of(deviceId(device))
                    .ifPresent(kind -> found.add(new Found(name.substring(prefix.length()), kind, slot)));
        }
    }

    private static int deviceId(Map<?, ?> device) {
        return device.get("id") instanceof Map<?, ?> id && id.get("device") instanceof Number number
                ? number.intValue()
                : -1;
    }

    private static String text(Map<?, ?> map, String member) {
        return map.get(member) instanceof String text ? text : "";
    }

    private static List<Map<?, ?>> maps(@Nullable Object list) {
        List<Map<?, ?>> maps = new ArrayList<>();
        if (list instanceof List<?> elements) {
            for (Object element : elements) {
                if (element instanceof Map<?, ?> map) {
                    maps.add(map);
                }
            }
        }
        return maps;
    }
}
