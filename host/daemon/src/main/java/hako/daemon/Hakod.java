package hako.daemon;

import hako.base.HakoException;
import hako.base.Undo;
import hako.cli.HakoCommand;
import hako.cli.Services;
import hako.doorstep.Caller;
import hako.doorstep.DoorstepServer;
import hako.image.Digest;
import hako.image.Image;
import hako.image.ImageStore;
import hako.image.RegistryOptions;
import hako.image.UnpackLimits;
import hako.linux.HostMemory;
import hako.linux.Poller;
import hako.network.BridgeNetwork;
import hako.network.NetworkConfig;
import hako.oci.RuntimeCommand;
import hako.sandbox.ClockWatch;
import hako.sandbox.Node;
import hako.sandbox.SandboxConfig;
import hako.sandbox.Sandboxes;
import hako.storage.RootFilesystem;
import hako.storage.ScratchDisk;
import hako.vm.Accelerator;
import hako.vm.ColdSource;
import hako.vm.HostCheck;
import hako.vm.TemplateSource;
import hako.vm.VmSource;
import hako.vm.qemu.MachineType;
import hako.vm.qemu.QemuConfig;
import hako.vm.qemu.QemuDriver;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.InstantSource;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;

/** The daemon's parts and the order in which they come up: nothing is served before what still runs was adopted. */
final class Hakod implements AutoCloseable {
    static final String VERSION = "0.1.0";

    private final Undo parts;

    private Hakod(Undo parts) {
        this.parts = parts;
    }

    static Hakod start(Config config) {
        Undo parts = new Undo();
        try {
            // Images hold set-user-id programs and records hold secrets: only the socket is for others to reach.
            makeDirectory(config.run(), "rwx--x--x");
            makeDirectory(config.run().resolve("sandboxes"), "rwx------");
            makeDirectory(config.state(), "rwx------");
            parts.add(onlyOne(config)::close);

            QemuConfig qemu = qemu(config.vm());
            QemuDriver driver = new QemuDriver(qemu);
            if (driver.accelerator() instanceof Accelerator.Emulation) {
                // QEMU asks for them where it uses 0.1 of 2 MB (tables of ACPI) or fills them slowly (translated code)
                HostMemory.refuseHugePages();
            }
            BridgeNetwork network = network(config);
            parts.add(network::close);
            ScratchDisk scratch =
                    new ScratchDisk(config.state(), config.rootfs().scratchBytes());
            ImageStore images = images(config);
            InstantSource clock = InstantSource.system();
            ColdSource cold = new ColdSource(driver);
            TemplateSource templates =
                    new TemplateSource(driver, cold, config.run().resolve("sandboxes"), Sandboxes::awaitAgent);
            parts.add(templates::close);
            VmSource source = config.vm().template() ? templates : cold;
            Sandboxes sandboxes = new Sandboxes(
                    new Node(sandbox(config, driver.accelerator()), source, driver, network, scratch, clock));
            parts.add(sandboxes::close);
            sandboxes.recover();
            parts.add(ClockWatch.start(sandboxes)::close);
            images.inUse(() -> imagesInUse(sandboxes));

            HakoCommand command = new HakoCommand(new Services(
                    sandboxes,
                    images,
                    image -> root(config, images, image),
                    RegistryOptions.DEFAULT
                            .withInsecure(Set.copyOf(config.images().insecure()))
                            .withCertificates(config.images().certificates()),
                    () -> check(driver, qemu),
                    templates,
                    config.vm().template(),
                    config.state(),
                    config.home().toAbsolutePath(),
                    config.run().resolve("hakod.log"),
                    VERSION,
                    clock.instant(),
                    clock));
            RuntimeCommand runtime = new RuntimeCommand(
                    sandboxes, config.run().resolve("hakod.log"), VERSION, clock, () -> System.exit(0));
            parts.add(
                    new DoorstepServer(config.socket(), Poller.shared(), caller -> door(caller, command, runtime))
                            ::close);
            Thread.ofVirtual().name("prepare").start(() -> prepare(scratch));
            return new Hakod(parts);
        } catch (IOException e) {
            parts.close();
            throw new HakoException(
                    HakoException.Kind.RESOURCES, HakoException.Code.UNAVAILABLE, "start hakod: " + e, e);
        } catch (RuntimeException | Error e) {
            parts.close();
            throw e;
        }
    }

    /** By the name the door-step was called by. */
    private static void door(Caller caller, HakoCommand command, RuntimeCommand runtime) {
        String program = caller.arguments().getFirst();
        if (program.substring(program.lastIndexOf('/') + 1).equals(RuntimeCommand.NAME)) {
            runtime.serve(caller);
        } else {
            command.serve(caller);
        }
    }

    /** Stops serving. Sandboxes go on, for the next daemon to adopt. */
    @Override
    public void close() {
        parts.close();
    }

    private static void makeDirectory(Path directory, String permissions) throws IOException {
        Files.createDirectories(directory);
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString(permissions));
    }

    /** Two daemons with one state directory would each clear away what the other makes. */
    private static FileChannel onlyOne(Config config) throws IOException {
        Path path = config.run().resolve("hakod.lock");
        FileChannel file = FileChannel.open(path, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        // Whoever can open it could hold the lock and keep the daemon down.
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-------"));
        FileLock lock = file.tryLock();
        if (lock == null) {
            file.close();
            throw HakoException.user(
                    HakoException.Code.ALREADY_EXISTS, "start hakod: another one serves at " + config.socket());
        }
        return file;
    }

    private static QemuConfig qemu(Config.Vm vm) {
        QemuConfig usual = QemuConfig.of(vm.kernel(), vm.initramfs());
        return new QemuConfig(
                vm.qemu().isEmpty() ? usual.binary() : Path.of(vm.qemu()),
                MachineType.valueOf(vm.machine().toUpperCase(Locale.ROOT)),
                Accelerator.Choice.valueOf(vm.accelerator().toUpperCase(Locale.ROOT)),
                vm.kernel(),
                vm.initramfs(),
                usual.slots(),
                vm.codeCacheMib(),
                usual.firmware(),
                vm.virtiofsd().isEmpty() ? usual.virtiofsd() : List.of(Path.of(vm.virtiofsd())),
                vm.sharesTemplates(),
                vm.discard(),
                usual.kernelArguments());
    }

    private static HostCheck check(QemuDriver driver, QemuConfig qemu) {
        return new HostCheck(
                Path.of("/"), driver.accelerator(), qemu.binary(), qemu.kernel(), qemu.initramfs(), qemu.virtiofsd());
    }

    private static BridgeNetwork network(Config config) {
        Config.Network network = config.network();
        return new BridgeNetwork(
                NetworkConfig.of(network.bridge(), network.subnet(), network.mtu()),
                config.state().resolve("network.json"));
    }

    private static ImageStore images(Config config) throws IOException {
        UnpackLimits limits = UnpackLimits.DEFAULT;
        return new ImageStore(
                config.state(),
                new UnpackLimits(
                        config.images().unpackedBytes(),
                        limits.maxEntries(),
                        limits.maxRatio(),
                        limits.ratioFreeBytes(),
                        limits.reserveBytes()));
    }

    private static Set<Digest> imagesInUse(Sandboxes sandboxes) {
        return sandboxes.containers().stream()
                .map(container -> container.record().imageId())
                .filter(id -> !id.isEmpty()) // a bundle's has none
                .map(Digest::of)
                .collect(Collectors.toSet());
    }

    /** As many as the host has, while they cost little: an emulated one takes a share of the code cache. */
    private static int processors(Accelerator accelerator) {
        int most = switch (accelerator) {
            case Accelerator.Kvm _ -> 16;
            case Accelerator.Emulation _ -> 4;
        };
        return Math.min(Runtime.getRuntime().availableProcessors(), most);
    }

    private static SandboxConfig sandbox(Config config, Accelerator accelerator) {
        return new SandboxConfig(
                config.run(),
                config.state(),
                config.vm().vcpus(),
                processors(accelerator),
                config.vm().memoryBytes(),
                config.rootfs().writable(),
                config.outputBytes(),
                config.vm().pool(),
                config.vm().poolReserveBytes(),
                config.network().dns());
    }

    private static RootFilesystem root(Config config, ImageStore images, Image image) {
        return switch (config.rootfs().kind()) {
            case "block" -> images.rootFilesystems().block(image);
            case "directory" -> images.rootFilesystems().layers(image);
            default ->
                throw new IllegalStateException("rootfs.kind " + config.rootfs().kind());
        };
    }

    private static void prepare(ScratchDisk scratch) {
        try {
            scratch.prepare();
        } catch (IOException | RuntimeException e) {
            // the first container will say so
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
