package hako.vm.qemu;

import hako.base.HakoException;
import hako.base.HakoException.Code;
import hako.base.HakoException.Kind;
import hako.base.Undo;
import hako.linux.Fd;
import hako.linux.LinuxException;
import hako.linux.UnixSocket;
import hako.vm.Accelerator;
import hako.vm.Vm;
import hako.vm.VmDriver;
import hako.vm.VmRecord;
import hako.vm.VmSpec;
import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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
    public Vm launch(VmSpec spec) {
        requireFile(spec, config.kernel(), "guest kernel", "./dev guest kernel builds one");
        requireFile(spec, config.initramfs(), "initramfs with the guest's agent", "./dev guest builds it");
        RunFiles files = RunFiles.of(spec);
        try (Undo undo = new Undo()) {
            ErrorLog errors = ErrorLog.to(files.qemuLog(), "vm-" + spec.id() + "-log");
            undo.add(errors::close);
            undo.add(files::removeSockets);
            HostProcess process = spawn(spec, files, errors);
            errors.started();
            undo.add(() -> {
                process.kill();
                process.await();
            });
            QemuVm vm = QemuVm.launched(
                    config,
                    record(spec, process),
                    process,
                    errors,
                    UnixSocket.connect(files.qmpSocket()),
                    connect(files));
            undo.release();
            return vm;
        }
    }

    private HostProcess spawn(VmSpec spec, RunFiles files, ErrorLog errors) {
        try (Fd qmp = files.listen(files.qmpSocket());
                Fd agent = files.listen(files.agentSocket())) {
            List<String> line = new QemuCommand(config, accelerator, spec, QMP, AGENT).arguments();
            LOG.debug("VM {}: {}", spec.id(), line);
            return HostProcess.start(files, line, Map.of(STDERR, errors.writer(), QMP, qmp, AGENT, agent));
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
