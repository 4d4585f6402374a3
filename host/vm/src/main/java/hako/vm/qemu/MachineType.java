package hako.vm.qemu;

import java.util.List;
import java.util.Locale;

/** The machines a guest can be given. What differs between them is here and nowhere else. */
public enum MachineType {
    /**
     * PCI Express. Devices are plugged into root ports, which are there from the start: each costs some milliseconds of
     * boot. Disk controller, keyboard controller and the like, which this chipset brings along, are off.
     */
    Q35("q35,sata=off,smbus=off,i8042=off,vmport=off,usb=off,hpet=on", "pci", true),

    /** Conventional PCI, 32 slots, all of which can be plugged. */
    PC("pc,i8042=off,vmport=off,usb=off,hpet=on", "pci", true),

    /**
     * No PCI. Boots fastest, and nothing can be plugged. ACPI is off, since with it two of twelve boots hang on this
     * QEMU; the clock is then the TSC or, where its frequency is unknown, the timer tick.
     */
    MICROVM("microvm,acpi=off,rtc=on,pit=on,pic=on,isa-serial=on,x-option-roms=off", "device", false);

    /** What the names of root ports begin with. */
    static final String SLOT = "slot";

    private final String options;
    private final String bus;
    private final boolean pluggable;

    MachineType(String options, String bus, boolean pluggable) {
        this.options = options;
        this.bus = bus;
        this.pluggable = pluggable;
    }

    /** As configuration and {@code -machine} spell it. */
    public String spelling() {
        return name().toLowerCase(Locale.ROOT);
    }

    String options() {
        return options;
    }

    /** The name of a virtio device here: {@code virtio-rng-pci} or {@code virtio-rng-device}. */
    String virtio(String kind) {
        return "virtio-" + kind + "-" + bus;
    }

    boolean pluggable() {
        return pluggable;
    }

    /** The device that root port {@code index} is; none where devices go straight onto the bus. */
    List<String> slot(int index) {
        return this == Q35
                ? List.of(
                        "-device",
                        "pcie-root-port,id=%s,bus=pcie.0,chassis=%d,slot=%d"
                                .formatted(slotName(index), index + 1, index + 1))
                : List.of();
    }

    static String slotName(int index) {
        return SLOT + index;
    }

    /** By the name of its class in QEMU: {@code pc-q35-7.2-machine}. */
    static MachineType ofQomType(String type) {
        if (type.contains("q35")) {
            return Q35;
        }
        return type.startsWith("microvm") ? MICROVM : PC;
    }
}
