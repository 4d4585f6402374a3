package hako.vm.qemu;

import hako.base.HakoException;
import hako.base.HakoException.Code;
import hako.base.HakoException.Kind;
import hako.base.Undo;
import hako.linux.Fd;
import hako.linux.LinuxException;
import hako.linux.MemoryFile;
import hako.linux.Tap;
import hako.linux.UnixSocket;
import hako.vm.Accelerator;
import hako.vm.Device;
import hako.vm.Vm;
import hako.vm.VmDriver;
import hako.vm.VmRecord;
import hako.vm.VmSpec;
import hako.vm.VmTemplate;
import hako.vm.qemu.QemuCommand.Start;
import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * VMs by QEMU, from 7.2 on. Its sockets are bound and listened on here and inherited: they can be connected to at once,
 * and again by the next daemon. Threads: any.
 */
public final class QemuDriver implements VmDriver {
    public static final String NAME = "qemu";

    private static final Logger LOG = LoggerFactory.getLogger(QemuDriver.class);

    // The numbers in QEMU of what it inherits.
    private static final int STDERR = 2;
    private static final int QMP = 3;
    private static final int AGENT = 4;
    private static final int MEMORY = 5;
    private static final int TAPS = 6;

    /** The kernel puts a number in; it goes with its VM, being nobody's. */
    private static final String NOBODYS_TAP = "hktemplate%d";

    private final QemuConfig config;
    private final Accelerator accelerator;

    public QemuDriver(QemuConfig config) {
        this(config, Accelerator.find(config.accelerator()));
        if (accelerator instanceof Accelerator.Emulation(var reason, var _)) {
            LOG.warn("VMs run under software emulation, about 15 times slower than on KVM: {}", reason);
        }
    }

    QemuDriver(QemuConfig config, Accelerator accelerator) {
        this.config = config;
        this.accelerator = accelerator;
    }

    @Override
    public String name() {
        return NAME;
    }

    public Accelerator accelerator() {
        return accelerator;
    }

    @Override
    public boolean emulates() {
        return accelerator instanceof Accelerator.Emulation;
    }

    @Override
    public Vm launch(VmSpec spec) {
        return launch(spec, Start.BOOT, new GuestMemory.Fresh(), Map.of());
    }

    @Override
    public VmTemplate save(VmSpec spec, Consumer<Vm> ready) {
        String origin = origin(spec); // before the boot: what is replaced meanwhile makes it stale
        Fd memory = MemoryFile.create("hako-template", spec.memoryBytes());
        Fd state = MemoryFile.create("hako-template-state", 0);
        try (Undo undo = new Undo()) {
            undo.add(state::close);
            undo.add(memory::close);
            QemuVm vm = launch(spec, Start.TEMPLATE, new GuestMemory.OpenFile(MEMORY, true), Map.of(MEMORY, memory));
            try {
                ready.accept(vm);
                vm.save(state);
            } finally {
                vm.kill();
            }
            MemoryFile.dropZeros(memory);
            MemoryFile.seal(memory);
            MemoryFile.seal(state);
            Map<String, Fd> disks = written(spec, undo);
            undo.release();
            return new QemuTemplate(this, spec, origin, memory, state, disks);
        } catch (IOException e) {
            throw new HakoException(Kind.RESOURCES, Code.NO_SPACE, "save VM %s: %s".formatted(spec.id(), e), e);
        }
    }

    private static Map<String, Fd> written(VmSpec spec, Undo undo) throws IOException {
        Map<String, Fd> disks = new HashMap<>();
        for (Device device : spec.preparation() == null ? List.<Device>of() : spec.devices()) {
            if (device instanceof Device.Disk disk && !disk.readOnly()) {
                try (Fd file = Fd.open(disk.image(), Fd.O_RDONLY, 0)) {
                    Fd content = MemoryFile.copy("hako-template-disk", file, Files.size(disk.image()));
                    undo.add(content::close);
                    MemoryFile.seal(content);
                    disks.put(disk.id(), content);
                }
            }
        }
        return disks;
    }

    /** Clones can have its pages until they write to them. */
    boolean canShare() {
        return config.canShare();
    }

    /** What a guest is made of, as the files' times and sizes tell; a prepared one also of what it has read. */
    String origin(VmSpec spec) {
        Stream<Path> read = spec.preparation() == null
                ? Stream.of()
                : spec.devices().stream()
                        .flatMap(device -> device instanceof Device.Disk disk && disk.readOnly()
                                ? Stream.of(disk.image())
                                : Stream.of());
        return Stream.concat(Stream.of(config.kernel(), config.initramfs(), config.binary()), read)
                .map(QemuDriver::version)
                .collect(Collectors.joining(" "));
    }

    private static String version(Path file) {
        try {
            BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
            return attributes.fileKey() + "/" + attributes.lastModifiedTime() + "/" + attributes.size();
        } catch (IOException e) {
            return "none"; // the VMM's is a name, to be searched for
        }
    }

    /** A VM that goes on from a saved state, and runs when this returns. */
    Vm clone(VmSpec spec, Fd memory, boolean shared, Fd state) {
        QemuVm vm = launch(spec, Start.CLONE, new GuestMemory.OpenFile(MEMORY, shared), Map.of(MEMORY, memory));
        try {
            vm.load(state);
            return vm;
        } catch (RuntimeException e) {
            vm.kill();
            throw e;
        }
    }

    private QemuVm launch(VmSpec spec, Start start, GuestMemory memory, Map<Integer, Fd> inherited) {
        requireFile(spec, config.kernel(), "guest kernel", "./dev guest kernel builds one");
        requireFile(spec, config.initramfs(), "initramfs with the guest's agent", "./dev guest builds it");
        RunFiles files = RunFiles.of(spec);
        try (Undo undo = new Undo()) {
            ErrorLog errors = ErrorLog.to(files.qemuLog(), "vm-" + spec.id() + "-log");
            undo.add(errors::close);
            undo.add(files::removeSockets);
            HostProcess process = spawn(spec, start, memory, inherited, files, errors);
            errors.started();
            undo.add(() -> {
                process.kill();
                process.await();
            });
            QemuVm vm = QemuVm.launched(
                    config,
                    spec.links(),
                    spec.devices(),
                    start == Start.CLONE && spec.preparation() != null,
                    record(spec, process),
                    process,
                    errors,
                    UnixSocket.connect(files.qmpSocket()),
                    connect(files));
            undo.release();
            return vm;
        }
    }

    private HostProcess spawn(
            VmSpec spec, Start start, GuestMemory memory, Map<Integer, Fd> inherited, RunFiles files, ErrorLog errors) {
        Map<Integer, Fd> descriptors = new HashMap<>(inherited);
        try (Undo taps = new Undo(); // never released: QEMU has descriptors of its own by then
                Fd qmp = files.listen(files.qmpSocket());
                Fd agent = files.listen(files.agentSocket())) {
            descriptors.putAll(Map.of(STDERR, errors.writer(), QMP, qmp, AGENT, agent));
            int number = TAPS;
            for (Device device : spec.devices()) {
                if (device instanceof Device.Nic nic) {
                    Fd tap = Tap.open(start == Start.TEMPLATE ? NOBODYS_TAP : nic.tap());
                    taps.add(tap::close);
                    descriptors.put(number++, tap);
                }
            }
            List<String> line = new QemuCommand(config, accelerator, spec, memory, start, QMP, AGENT, TAPS).arguments();
            LOG.debug("VM {}: {}", spec.id(), line);
            boolean shares = memory instanceof GuestMemory.OpenFile(int _, boolean all) && !all;
            return execute(
                    spec,
                    files,
                    line,
                    shares ? Map.of("LD_PRELOAD", config.discard().toString()) : Map.of(),
                    descriptors);
        }
    }

    private static HostProcess execute(
            VmSpec spec,
            RunFiles files,
            List<String> line,
            Map<String, String> environment,
            Map<Integer, Fd> descriptors) {
        try {
            return HostProcess.start(files, line, environment, descriptors);
        } catch (LinuxException e) {
            throw new HakoException(
                    Kind.EXTERNAL,
                    Code.VM_FAILED,
                    "start VM %s: QEMU cannot be executed: %s; install qemu-system-x86 or set vm.qemu"
                            .formatted(spec.id(), e.getMessage()),
                    e);
        }
    }

    private static void requireFile(VmSpec spec, Path file, String what, String mend) {
        if (!Files.isReadable(file)) {
            throw new HakoException(
                    Kind.EXTERNAL,
                    Code.VM_FAILED,
                    "start VM %s: no %s at %s; %s".formatted(spec.id(), what, file, mend));
        }
    }

    private static SocketChannel connect(RunFiles files) {
        try {
            return files.connect(files.agentSocket());
        } catch (IOException e) {
            throw new HakoException(
                    Kind.EXTERNAL,
                    Code.VM_FAILED,
                    "VM %s: connect to %s: %s".formatted(files.id(), files.agentSocket(), e.getMessage()),
                    e);
        }
    }

    private static VmRecord record(VmSpec spec, HostProcess process) {
        return new VmRecord(
                spec.id(),
                NAME,
                process.identity().pid(),
                process.identity().startTime(),
                spec.directory().toString(),
                spec.vcpus(),
                spec.memoryBytes(),
                List.of());
    }

    @Override
    public Optional<Vm> adopt(VmRecord record) {
        RunFiles files = RunFiles.of(record);
        Optional<HostProcess> process = HostProcess.find(record.pid(), record.startTime());
        if (process.isEmpty()) {
            return Optional.empty();
        }
        try {
            return Optional.of(QemuVm.adopted(
                    config, record, process.get(), UnixSocket.connect(files.qmpSocket()), connect(files)));
        } catch (HakoException e) {
            LOG.warn("VM {}: its QEMU (pid {}) runs, but cannot be adopted", record.id(), record.pid(), e);
            return Optional.empty();
        }
    }
}
