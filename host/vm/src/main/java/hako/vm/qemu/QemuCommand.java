package hako.vm.qemu;

import hako.vm.Accelerator;
import hako.vm.Device;
import hako.vm.VmSpec;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * QEMU's command line for one VM. A pure function of its components; what the parts mean is in QEMU's
 * {@code qemu-options.hx}.
 *
 * @param qmpFd the number, in QEMU, of the listening socket of its monitor
 * @param agentFd likewise of the agent's port
 * @param firstTapFd likewise of the first network card's tap; the others follow
 */
record QemuCommand(
        QemuConfig config,
        Accelerator accelerator,
        VmSpec spec,
        GuestMemory memory,
        Start start,
        int qmpFd,
        int agentFd,
        int firstTapFd) {
    /** How the guest comes to run. */
    enum Start {
        BOOT,
        /** To be saved: its network card waits for an owner, and its disks are empty unless something is prepared on them. */
        TEMPLATE,
        /** From a saved state. */
        CLONE
    }

    /** The name that the agent looks for below {@code /sys/class/virtio-ports}. */
    static final String AGENT_PORT = "hako.agent";

    /** Of a template's network card; the agent gives it the address it is asked for (guest/agent, link.rs). */
    static final String UNCLAIMED_MAC = "02:00:00:00:00:00";

    /** Room for memory that is plugged: addresses only, below what the smallest processor has. */
    private static final long GROWTH_MB = QemuVm.MOST_MORE_BYTES >> 20;

    /** A guest without any PCI: its devices hang on the board itself. */
    private static final String QBOOT = "qboot.rom";

    List<String> arguments() {
        List<String> line = new ArrayList<>();
        line.add(config.binary().toString());
        line.addAll(List.of("-name", "hako-" + spec.id()));
        line.addAll(List.of("-nodefaults", "-no-user-config", "-nographic"));
        // The first reset or power-off stops the VM and leaves it, so that its console can still be read.
        line.addAll(List.of("-no-reboot", "-no-shutdown"));
        line.addAll(List.of("-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"));
        addMachine(line);
        addBoot(line);
        addChannels(line);
        addDevices(line);
        return List.copyOf(line);
    }

    private void addMachine(List<String> line) {
        line.addAll(List.of("-machine", config.machine().options() + ",memory-backend=mem"));
        switch (accelerator) {
            case Accelerator.Kvm _ -> line.addAll(List.of("-accel", "kvm", "-cpu", "host"));
            case Accelerator.Emulation _ ->
                line.addAll(
                        List.of("-accel", "tcg,thread=multi,tb-size=" + config.translationCacheMb(), "-cpu", "max"));
        }
        line.addAll(List.of("-smp", "cpus=%d,sockets=1".formatted(spec.vcpus())));
        long megabytes = Math.ceilDiv(spec.memoryBytes(), 1L << 20);
        line.addAll(List.of(
                "-m",
                config.machine().pluggable()
                        ? "%dM,maxmem=%dM".formatted(megabytes, megabytes + GROWTH_MB)
                        : megabytes + "M"));
        line.addAll(List.of("-object", memory.backend(megabytes) + ",id=mem"));
        if (start == Start.CLONE) {
            line.addAll(List.of("-incoming", "defer"));
        }
    }

    private void addBoot(List<String> line) {
        Path qboot = config.firmware().resolve(QBOOT);
        if (config.machine() != MachineType.MICROVM && Files.exists(qboot)) {
            line.addAll(List.of("-bios", qboot.toString()));
        }
        if (start == Start.CLONE) {
            return; // it is in the memory
        }
        line.addAll(List.of("-kernel", config.kernel().toString()));
        line.addAll(List.of("-initrd", config.initramfs().toString()));
        line.addAll(List.of("-append", KernelArguments.of(accelerator, spec, config.kernelArguments())));
    }

    private void addChannels(List<String> line) {
        line.addAll(List.of("-chardev", "socket,id=qmp,fd=%d,server=on,wait=off".formatted(qmpFd)));
        line.addAll(List.of("-mon", "chardev=qmp,mode=control"));
        line.addAll(List.of("-chardev", "ringbuf,id=console,size=" + ConsoleLog.RING_BYTES));
        line.addAll(List.of("-serial", "chardev:console"));
        line.addAll(List.of("-chardev", "socket,id=agent,fd=%d,server=on,wait=off".formatted(agentFd)));
    }

    private void addDevices(List<String> line) {
        MachineType machine = config.machine();
        // Two ports: the first is for a console we do not use. 31 of them would cost the guest 20 ms.
        line.addAll(List.of("-device", machine.virtio("serial") + ",id=serial,max_ports=2"));
        line.addAll(List.of("-device", "virtserialport,bus=serial.0,nr=1,chardev=agent,name=" + AGENT_PORT));
        line.addAll(List.of("-device", machine.virtio("rng")));
        line.addAll(List.of("-device", machine.virtio("balloon") + ",id=balloon,free-page-reporting=on"));
        for (int i = 0; i < config.slots() + spec.links(); i++) {
            line.addAll(machine.slot(i));
        }
        int tapFd = firstTapFd;
        for (Device device : spec.devices()) {
            switch (device) {
                case Device.Disk disk -> addDisk(line, disk);
                case Device.Nic nic -> addNic(line, nic, tapFd++);
                case Device.HostDisk _, Device.SharedDirectory _, Device.Memory _ ->
                    throw new IllegalArgumentException(device + " from the start");
            }
        }
    }

    private void addDisk(List<String> line, Device.Disk disk) {
        Map<String, Object> node = isEmpty()
                ? DeviceArguments.emptyBlockNode(disk)
                : DeviceArguments.blockNode(disk, AsyncIo.isRing(config.binary()));
        line.addAll(List.of("-blockdev", QmpMessage.json(node)));
        line.addAll(List.of("-device", QmpMessage.json(DeviceArguments.disk(config.machine(), disk))));
    }

    /** Its disks have no content. */
    private boolean isEmpty() {
        return start == Start.TEMPLATE && spec.preparation() == null;
    }

    private void addNic(List<String> line, Device.Nic nic, int tapFd) {
        Map<String, Object> netdev = DeviceArguments.netdev(nic, Integer.toString(tapFd));
        line.addAll(List.of("-netdev", options(netdev)));
        Device.Nic seen = start == Start.TEMPLATE ? new Device.Nic(nic.id(), nic.tap(), UNCLAIMED_MAC) : nic;
        line.addAll(List.of("-device", QmpMessage.json(DeviceArguments.nic(config.machine(), seen))));
    }

    /** {@code TYPE,key=value,...}: this option takes no JSON before QEMU 8. */
    private static String options(Map<String, Object> arguments) {
        return arguments.entrySet().stream()
                .map(entry -> switch (entry.getValue()) {
                    case Boolean on -> entry.getKey() + "=" + (on ? "on" : "off");
                    case Object value ->
                        entry.getKey().equals("type") ? value.toString() : entry.getKey() + "=" + value;
                })
                .collect(Collectors.joining(","));
    }
}
