package hako.vm;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * What this host can do for VMs: the facts behind {@code hako check}. Looks only; changes nothing.
 *
 * @param qemu a path, or a name searched in {@code PATH}
 * @param virtiofsd searched in this order
 */
public record HostCheck(
        Path root, Accelerator accelerator, Path qemu, Path kernel, Path initramfs, List<Path> virtiofsd) {
    /** How it stands. */
    public enum Status {
        OK,
        /** Works, with less. */
        WARN,
        /** Nothing runs before this is mended. */
        FAIL
    }

    /**
     * @param fact what was found
     * @param mend what to do about it; empty where there is nothing to do
     */
    public record Fact(String name, Status status, String fact, String mend) {}

    private static final List<String> PATH =
            List.of("usr/local/sbin", "usr/local/bin", "usr/sbin", "usr/bin", "sbin", "bin");

    public List<Fact> facts() {
        return List.of(
                acceleratorFact(),
                device("vhost", "dev/vhost-net", "guest networks pass through QEMU", "modprobe vhost_net"),
                cgroups(),
                qemuFact(),
                file("kernel", kernel, "./dev guest kernel builds it"),
                file("initramfs", initramfs, "./dev guest builds it"),
                virtiofsdFact(),
                program("mkfs.erofs", Status.FAIL, "images are turned into disks by it", "install erofs-utils"),
                program("mke2fs", Status.FAIL, "writable disks are made by it", "install e2fsprogs"),
                program("nft", Status.WARN, "containers have no network but --network none", "install nftables"),
                device("tun", "dev/net/tun", "containers have no network but --network none", "modprobe tun"));
    }

    private Fact acceleratorFact() {
        return switch (accelerator) {
            case Accelerator.Kvm(var reason) -> new Fact("accelerator", Status.OK, "KVM: " + reason, "");
            case Accelerator.Emulation(var reason, var _) ->
                new Fact(
                        "accelerator",
                        Status.WARN,
                        "software emulation: " + reason,
                        "run on a host with KVM; in a VM, switch on nested virtualisation");
        };
    }

    private Fact device(String name, String device, String without, String mend) {
        Path path = root.resolve(device);
        return Files.exists(path)
                ? new Fact(name, Status.OK, "/" + device, "")
                : new Fact(name, Status.WARN, "no /%s: %s".formatted(device, without), mend);
    }

    private Fact cgroups() {
        if (Files.exists(root.resolve("sys/fs/cgroup/cgroup.controllers"))) {
            return new Fact("cgroups", Status.OK, "version 2", "");
        }
        if (Files.exists(root.resolve("sys/fs/cgroup/unified/cgroup.controllers"))) {
            return new Fact("cgroups", Status.OK, "version 1, with version 2 at /sys/fs/cgroup/unified", "");
        }
        return Files.isDirectory(root.resolve("sys/fs/cgroup/memory"))
                ? new Fact("cgroups", Status.OK, "version 1", "")
                : new Fact("cgroups", Status.WARN, "none: VMs are not limited from outside", "mount cgroup2");
    }

    private Fact qemuFact() {
        Optional<Path> binary = qemu.isAbsolute() ? Optional.of(qemu).filter(Files::isExecutable) : find(qemu);
        return binary.map(path -> version(path)
                        .map(version -> new Fact("qemu", Status.OK, "%s, version %s".formatted(path, version), ""))
                        .orElse(new Fact(
                                "qemu", Status.FAIL, path + " does not tell its version", "reinstall qemu-system-x86")))
                .orElse(new Fact("qemu", Status.FAIL, "no " + qemu, "install qemu-system-x86 or set vm.qemu"));
    }

    private static Optional<String> version(Path binary) {
        try {
            Process process = new ProcessBuilder(binary.toString(), "--version")
                    .redirectErrorStream(true)
                    .redirectInput(Path.of("/dev/null").toFile())
                    .start();
            try (InputStream out = process.getInputStream()) {
                String line = new String(out.readNBytes(200), StandardCharsets.UTF_8);
                if (!process.waitFor(5, TimeUnit.SECONDS)) {
                    process.destroyForcibly();
                }
                String start = "QEMU emulator version ";
                return line.startsWith(start)
                        ? Optional.of(line.substring(start.length()).split("[\\s(]")[0])
                        : Optional.empty();
            }
        } catch (IOException e) {
            return Optional.empty();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        }
    }

    private static Fact file(String name, Path file, String mend) {
        try {
            return new Fact(name, Status.OK, "%s, %d KB".formatted(file, Files.size(file) / 1000), "");
        } catch (IOException e) {
            return new Fact(name, Status.FAIL, "no " + file, mend);
        }
    }

    private Fact virtiofsdFact() {
        return virtiofsd.stream()
                .filter(Files::isExecutable)
                .findFirst()
                .map(path -> new Fact("virtiofsd", Status.OK, path.toString(), ""))
                .orElse(new Fact(
                        "virtiofsd",
                        Status.WARN,
                        "none: directories cannot be shared with containers (-v)",
                        "install virtiofsd, or qemu-system-common on Debian 12"));
    }

    private Fact program(String name, Status without, String consequence, String mend) {
        return find(Path.of(name))
                .map(path -> new Fact(name, Status.OK, path.toString(), ""))
                .orElse(new Fact(name, without, "not found: " + consequence, mend));
    }

    private Optional<Path> find(Path name) {
        return PATH.stream()
                .map(place -> root.resolve(place).resolve(name))
                .filter(Files::isExecutable)
                .findFirst();
    }
}
