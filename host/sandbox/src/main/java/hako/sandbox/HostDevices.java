package hako.sandbox;

import hako.agent.v1.GuestDevice;
import hako.base.HakoException;
import hako.base.HakoException.Code;
import hako.linux.HostDevice;
import hako.spec.LinuxResources;
import hako.spec.LinuxResources.DeviceRule;
import hako.spec.LinuxSpec;
import hako.spec.RuntimeSpec;
import hako.vm.Device;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The devices of the host that a specification names by their numbers, and what they are in the guest: a block device is a disk
 * to be plugged, a character device one that the guest has itself. What a privileged container gets without asking, every device
 * of the host under its own name, stays on the host; it has the guest's own instead.
 */
final class HostDevices {
    /** Each takes a slot. */
    static final int MOST_DISKS = 8;

    private static final String ALL = "rwm";
    private static final Logger log = LoggerFactory.getLogger(HostDevices.class);

    /** Which are all the same disk, by its name in the VM. */
    private final Map<String, Device.HostDisk> disks = new LinkedHashMap<>();

    private final List<GuestDevice> told = new ArrayList<>();
    private final List<LinuxSpec.Device> kept = new ArrayList<>();
    private final List<DeviceRule> rules;
    private final boolean privileged;
    private final boolean any;

    private HostDevices(@Nullable LinuxSpec linux) {
        LinuxResources resources = linux == null ? null : linux.resources();
        any = linux != null && !linux.devices().isEmpty();
        rules = resources == null ? List.of() : resources.devices();
        privileged = allowEverything(rules);
    }

    /** @throws HakoException which cannot be given to a VM, and why */
    static HostDevices of(RuntimeSpec spec) {
        LinuxSpec linux = spec.linux();
        HostDevices devices = new HostDevices(linux);
        if (linux != null) {
            linux.devices().forEach(devices::take);
        }
        if (devices.disks.size() > MOST_DISKS) {
            throw HakoException.user(
                    Code.NO_SPACE,
                    "%d block devices of the host: a VM takes %d at most".formatted(devices.disks.size(), MOST_DISKS));
        }
        return devices;
    }

    /** The specification has devices of its own. */
    boolean any() {
        return any;
    }

    /** To be plugged. */
    List<Device.HostDisk> disks() {
        return List.copyOf(disks.values());
    }

    /** What the agent is to know of them. */
    List<GuestDevice> told() {
        return List.copyOf(told);
    }

    /** The same specification without those that stay on the host. */
    RuntimeSpec in(RuntimeSpec spec) {
        return spec.linux() == null ? spec : spec.with(spec.linux().withDevices(kept));
    }

    private void take(LinuxSpec.Device device) {
        switch (String.valueOf(device.type())) {
            case "b" -> takeBlock(device, source(device, true));
            case "c", "u" -> takeCharacter(device, source(device, false));
            default -> kept.add(device);
        }
    }

    private void takeBlock(LinuxSpec.Device device, HostDevice source) {
        Optional<String> name = source.name();
        if (name.isEmpty()) {
            takeNothing(device, source);
            return;
        }
        if (isUnasked(device, name.get())) {
            return;
        }
        boolean readOnly = source.isReadOnly() || !mayWrite(rules, source);
        String id = "disk-%d-%d%s".formatted(source.major(), source.minor(), readOnly ? "-r" : "");
        Device.HostDisk disk = new Device.HostDisk(id, source, readOnly);
        disks.put(id, disk);
        kept.add(device);
        told.add(GuestDevice.newBuilder()
                .setPath(device.path())
                .setDiskSerial(id)
                .build());
    }

    private void takeCharacter(LinuxSpec.Device device, HostDevice source) {
        Optional<String> name = source.name();
        if (name.isEmpty()) {
            takeNothing(device, source);
            return;
        }
        kept.add(device);
        told.add(GuestDevice.newBuilder()
                .setPath(device.path())
                .setName(name.get())
                .setOptional(isUnasked(device, name.get()))
                .build());
    }

    /** A node with nothing behind it, as it would be on the host. */
    private void takeNothing(LinuxSpec.Device device, HostDevice source) {
        log.warn(
                "device {}: the host has no {} device {}: who opens it is told so",
                device.path(),
                source.block() ? "block" : "character",
                source.numbers());
        kept.add(device);
    }

    /** Managers list all there are for a privileged container, as the host names them; another name was given by somebody. */
    private boolean isUnasked(LinuxSpec.Device device, String name) {
        return privileged && ("/dev/" + name).equals(device.path());
    }

    private static HostDevice source(LinuxSpec.Device device, boolean block) {
        return new HostDevice(
                block,
                number(device, device.major(), HostDevice.MOST_MAJOR),
                number(device, device.minor(), HostDevice.MOST_MINOR));
    }

    private static int number(LinuxSpec.Device device, @Nullable Long number, int most) {
        long value = number == null ? 0 : number;
        if (value < 0 || value > most) {
            throw HakoException.user(
                    Code.INVALID_ARGUMENT, "device %s: %d is no number of a device".formatted(device.path(), value));
        }
        return (int) value;
    }

    /** A rule for all kinds takes back those before it. */
    private static boolean allowEverything(List<DeviceRule> rules) {
        return rules.stream()
                .filter(HostDevices::isForAll)
                .reduce((_, last) -> last)
                .map(rule -> rule.allow() && letters(rule).length() == ALL.length())
                .orElse(false);
    }

    static boolean mayWrite(List<DeviceRule> rules, HostDevice device) {
        boolean may = false;
        for (DeviceRule rule : rules) {
            boolean counts = isForAll(rule)
                    || "b".equals(rule.type())
                            && matches(rule.major(), device.major())
                            && matches(rule.minor(), device.minor());
            if (counts && letters(rule).contains("w")) {
                may = rule.allow();
            }
        }
        return may;
    }

    private static boolean isForAll(DeviceRule rule) {
        return rule.type() == null || rule.type().isEmpty() || rule.type().equals("a");
    }

    private static boolean matches(@Nullable Long number, int actual) {
        return number == null || number < 0 || number == actual;
    }

    private static String letters(DeviceRule rule) {
        return rule.access() == null || rule.access().isEmpty() ? ALL : rule.access();
    }
}
