package hako.vm.qemu;

import hako.base.HakoException;
import hako.base.HakoException.Code;
import hako.base.HakoException.Kind;
import hako.base.Undo;
import hako.vm.Device;
import hako.vm.VmRecord;
import hako.vm.qemu.DeviceCommands.Backend;
import hako.vm.qemu.DeviceCommands.Plugged;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What is plugged into one QEMU, and into which slot. Threads: any; one device at a time.
 *
 * <p>A device plugged before the guest enumerates its buses is found there as if it had been there from the start.
 */
final class QemuDevices {
    private static final Logger LOG = LoggerFactory.getLogger(QemuDevices.class);

    private static final Duration COMMAND = Duration.ofSeconds(20);

    /** For the guest to let go of a device. By ACPI it takes 0.1 s; a guest that is still booting looks when it is up. */
    static final Duration PATIENCE = Duration.ofSeconds(15);

    /** For the guest to take memory, or let go of it. QEMU tells of it once a second at most, so it is asked. */
    private static final Duration MEMORY_PATIENCE = Duration.ofSeconds(10);

    private static final int REASON_LOG_BYTES = 500;

    private static final Duration PACE = Duration.ofMillis(20);

    private static final Pattern ID = Pattern.compile("[A-Za-z0-9-]{1,20}");

    private final RunFiles files;
    private final QmpConnection qmp;
    private final DeviceCommands commands;
    private final Departures departures;
    private final Consumer<String> helperLost;

    /** Held while a device is plugged or unplugged. */
    private final ReentrantLock work = new ReentrantLock();

    private final ReentrantLock lock = new ReentrantLock();
    // guarded by lock
    private MachineType machine;
    private final Map<String, Plugged> plugged = new LinkedHashMap<>();
    private final TreeSet<String> freeSlots = new TreeSet<>();
    /** Being plugged: the guest may throw it out before that is over. */
    private @Nullable String coming;
    /** Of the plugged ones, and the one that comes, those that the guest has let go of. */
    private final Set<String> gone = new HashSet<>();

    /**
     * Of a VM that has just been started as {@code config} says.
     *
     * @param links slots for those
     * @param first on its command line; they take no slot
     * @param patience with a guest that is to let go of a device: {@link #PATIENCE}
     * @param helperLost told why, when a helper ended though its device is still plugged: the guest would wait for it
     *     for ever
     */
    QemuDevices(
            QemuConfig config,
            int links,
            List<Device> first,
            RunFiles files,
            QmpConnection qmp,
            Duration patience,
            Consumer<String> helperLost) {
        this.helperLost = helperLost;
        this.files = files;
        this.qmp = qmp;
        this.commands = new DeviceCommands(config, files, qmp);
        this.departures = new Departures(files.id(), patience);
        this.machine = config.machine();
        for (int i = 0; i < config.slots() + links && machine == MachineType.Q35; i++) {
            freeSlots.add(MachineType.slotName(i));
        }
        for (Device device : first) {
            plugged.put(device.id(), new Plugged(Backend.of(device), "", null));
        }
    }

    void plug(Device device) {
        check(device);
        work.lock();
        try (Undo undo = new Undo()) {
            String slot = takeSlot(device);
            undo.add(() -> giveBack(device.id(), slot));
            qmp.version(COMMAND);
            Plugged added = commands.plug(device, slot, undo);
            remember(device.id(), added);
            undo.release();
        } finally {
            work.unlock();
        }
    }

    private void check(Device device) {
        if (!ID.matcher(device.id()).matches()) {
            throw HakoException.user(
                    Code.INVALID_ARGUMENT,
                    "plug \"%s\": a device id is 1 to 20 letters, digits and dashes".formatted(device.id()));
        }
    }

    private String takeSlot(Device device) {
        lock.lock();
        try {
            if (!machine.pluggable()) {
                throw new HakoException(
                        Kind.EXTERNAL,
                        Code.UNSUPPORTED,
                        "plug %s into VM %s: machine type %s has no bus for it; set vm.machine to q35 or pc"
                                .formatted(device.id(), files.id(), machine.spelling()));
            }
            if (plugged.containsKey(device.id())) {
                throw HakoException.user(
                        Code.ALREADY_EXISTS,
                        "plug %s into VM %s: it has a device of that id".formatted(device.id(), files.id()));
            }
            String slot = machine == MachineType.Q35 ? freeSlots.pollFirst() : "";
            if (slot == null) {
                throw new HakoException(
                        Kind.RESOURCES,
                        Code.NO_SPACE,
                        "plug %s into VM %s: its slots are taken (it has %d devices)"
                                .formatted(device.id(), files.id(), plugged.size()));
            }
            coming = device.id();
            return slot;
        } finally {
            lock.unlock();
        }
    }

    private void giveBack(String id, String slot) {
        lock.lock();
        try {
            coming = null;
            gone.remove(id);
            if (!slot.isEmpty()) {
                freeSlots.add(slot);
            }
        } finally {
            lock.unlock();
        }
    }

    private void remember(String id, Plugged device) {
        lock.lock();
        try {
            coming = null;
            plugged.put(id, device);
        } finally {
            lock.unlock();
        }
        watch(id, device);
    }

    private void watch(String id, Plugged device) {
        Virtiofsd helper = device.helper();
        if (helper == null) {
            return;
        }
        Thread.ofVirtual().name("vm-" + files.id() + "-" + id).start(() -> {
            try {
                helper.process().awaitEnd();
            } catch (InterruptedException | HakoException e) {
                return; // it was killed and its descriptor closed
            }
            if (running().contains(helper) && !isGone(id)) {
                String said = helper.log()
                        .map(log -> log.tail(REASON_LOG_BYTES))
                        .filter(text -> !text.isEmpty())
                        .map(text -> "; it said: " + text)
                        .orElse("");
                helperLost.accept("the process that served shared directory %s (virtiofsd, pid %d) ended%s"
                        .formatted(id, helper.process().identity().pid(), said));
            }
        });
    }

    void unplug(String id) {
        work.lock();
        try {
            if (!has(id)) {
                commands.removeLeftOver(id);
            }
            find(id);
            departures.await(id, () -> askToLeave(id));
            takeAway(id);
        } finally {
            work.unlock();
        }
    }

    /** It may be about to leave by itself, having been asked before, or not. */
    private void askToLeave(String id) {
        try {
            commands.askToLeave(id);
        } catch (QmpException e) {
            if (!isGone(id)) {
                throw e;
            }
            departures.left(id, true);
        }
    }

    /** What is left of a device that the guest has let go of, if anything is. With {@link #work} held. */
    private void takeAway(String id) {
        if (!isGone(id)) {
            return;
        }
        Plugged device = find(id);
        commands.removeBackend(device.backend(), id);
        if (device.helper() != null) {
            device.helper().kill();
        }
        forget(id, device);
    }

    void replace(Device.Disk disk) {
        work.lock();
        try {
            find(disk.id());
            commands.replace(disk);
        } finally {
            work.unlock();
        }
    }

    /**
     * Of memory that is plugged where it is not yet.
     *
     * @return what the guest has of it when it has {@code bytes}, or the time is over
     */
    long request(Device.Memory memory, long bytes) {
        work.lock();
        try {
            if (!has(memory.id())) {
                if (bytes == 0) {
                    return 0;
                }
                plug(memory);
            }
            commands.requestMemory(memory.id(), bytes);
            long deadline = System.nanoTime() + MEMORY_PATIENCE.toNanos();
            long size = commands.memory(memory.id());
            while (size != bytes && System.nanoTime() < deadline) {
                Thread.sleep(PACE);
                size = commands.memory(memory.id());
            }
            return size;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return commands.memory(memory.id());
        } finally {
            work.unlock();
        }
    }

    private boolean has(String id) {
        lock.lock();
        try {
            return plugged.containsKey(id);
        } finally {
            lock.unlock();
        }
    }

    private Plugged find(String id) {
        lock.lock();
        try {
            Plugged device = plugged.get(id);
            if (device == null) {
                throw HakoException.user(
                        Code.NOT_FOUND, "unplug %s from VM %s: no such device".formatted(id, files.id()));
            }
            return device;
        } finally {
            lock.unlock();
        }
    }

    private void forget(String id, Plugged device) {
        lock.lock();
        try {
            gone.remove(id);
            plugged.remove(id);
            if (!device.slot().isEmpty()) {
                freeSlots.add(device.slot());
            }
        } finally {
            lock.unlock();
        }
    }

    private boolean isGone(String id) {
        lock.lock();
        try {
            return gone.contains(id);
        } finally {
            lock.unlock();
        }
    }

    /** Once for each device that is there: neither guest nor QEMU can keep a daemon busy with it. */
    private boolean goes(String id) {
        lock.lock();
        try {
            return (plugged.containsKey(id) || id.equals(coming)) && gone.add(id);
        } finally {
            lock.unlock();
        }
    }

    /**
     * The guest has let go of a device, says QEMU, on the monitor's reader thread. It may have taken longer than anybody waited, or not
     * have been asked.
     */
    void deleted(String device) {
        String id = id(device);
        if (!goes(id)) {
            return;
        }
        departures.left(id, true);
        Thread.ofVirtual().name("vm-" + files.id() + "-" + id + "-gone").start(() -> {
            work.lock();
            try {
                takeAway(id);
            } catch (HakoException e) {
                LOG.debug("VM {}: {} is gone: {}", files.id(), id, e.getMessage());
            } finally {
                work.unlock();
            }
        });
    }

    void notDeleted(String device) {
        departures.left(id(device), false);
    }

    /** From its name in QEMU. */
    private static String id(String device) {
        return device.startsWith(DeviceCommands.FRONT) ? device.substring(DeviceCommands.FRONT.length()) : "";
    }

    /**
     * Of a VM that an earlier daemon started, perhaps by another configuration: what it is and what is plugged is QEMU's
     * to say.
     */
    void adopt(List<VmRecord.Helper> helpers) {
        Object type = qmp.execute("qom-get", Map.of("path", "/machine", "property", "type"), COMMAND);
        MachineType actual = MachineType.ofQomType(String.valueOf(type));
        Object pci = actual.pluggable() ? qmp.execute("query-pci", COMMAND) : List.of();
        Map<String, VmRecord.Helper> byDevice = new HashMap<>();
        helpers.forEach(helper -> byDevice.put(helper.deviceId(), helper));
        lock.lock();
        try {
            machine = actual;
            freeSlots.clear();
            freeSlots.addAll(PciDevices.ports(pci, MachineType.SLOT));
        } finally {
            lock.unlock();
        }
        for (PciDevices.Found found : PciDevices.list(pci, DeviceCommands.FRONT)) {
            Backend backend = switch (found.kind()) {
                case DISK -> Backend.BLOCK;
                case NIC -> Backend.NETDEV;
                case DIRECTORY -> Backend.CHARDEV;
                case MEMORY -> Backend.MEMORY;
            };
            VmRecord.Helper helper = byDevice.remove(found.id());
            lock.lock();
            try {
                freeSlots.remove(found.slot());
            } finally {
                lock.unlock();
            }
            remember(found.id(), new Plugged(backend, found.slot(), helper == null ? null : adopt(helper)));
        }
        // Started for a device that was never plugged, since the daemon died in between.
        byDevice.values().forEach(stray -> {
            Virtiofsd helper = adopt(stray);
            if (helper != null) {
                helper.kill();
            }
        });
    }

    private @Nullable Virtiofsd adopt(VmRecord.Helper helper) {
        return HostProcess.find(helper.pid(), helper.startTime())
                .map(process -> new Virtiofsd(process, Optional.empty()))
                .orElse(null);
    }

    List<VmRecord.Helper> helpers() {
        lock.lock();
        try {
            return plugged.entrySet().stream()
                    .filter(entry -> entry.getValue().helper() != null)
                    .map(entry -> record(entry.getKey(), entry.getValue().helper()))
                    .toList();
        } finally {
            lock.unlock();
        }
    }

    private static VmRecord.Helper record(String id, Virtiofsd helper) {
        return new VmRecord.Helper(
                id,
                helper.process().identity().pid(),
                helper.process().identity().startTime());
    }

    long residentBytes() {
        return running().stream()
                .mapToLong(helper -> helper.process().residentBytes())
                .sum();
    }

    /** When QEMU has ended. */
    void killHelpers() {
        running().forEach(Virtiofsd::kill);
    }

    private List<Virtiofsd> running() {
        lock.lock();
        try {
            return plugged.values().stream()
                    .map(Plugged::helper)
                    .filter(Objects::nonNull)
                    .toList();
        } finally {
            lock.unlock();
        }
    }
}
