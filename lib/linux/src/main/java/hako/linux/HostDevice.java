package hako.linux;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;

/**
 * A device of this host by its numbers, whatever nodes it has.
 *
 * @param block else a character device
 * @see <a href="https://www.kernel.org/doc/Documentation/ABI/testing/sysfs-dev">sysfs-dev</a>
 */
public record HostDevice(boolean block, int major, int minor) {
    /** Of {@code dev_t}, include/linux/kdev_t.h. */
    public static final int MOST_MAJOR = (1 << 12) - 1;

    public static final int MOST_MINOR = (1 << 20) - 1;

    private static final int S_IFBLK = 0x6000;
    private static final String NAME = "DEVNAME=";

    /** Of its node below {@code /dev}, as the kernel has it: {@code loop7}, {@code net/tun}. Empty: there is no such device. */
    public Optional<String> name() {
        try {
            return Files.readString(facts().resolve("uevent"))
                    .lines()
                    .filter(line -> line.startsWith(NAME))
                    .map(line -> line.substring(NAME.length()))
                    .findFirst();
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /** Of a block device: nobody can write to it. */
    public boolean isReadOnly() {
        try {
            return Files.readString(facts().resolve("ro")).strip().equals("1");
        } catch (IOException e) {
            return false; // who opens it is told
        }
    }

    private Path facts() {
        return Path.of("/sys/dev", block ? "block" : "char", numbers());
    }

    /** {@code MAJOR:MINOR}. */
    public String numbers() {
        return major + ":" + minor;
    }

    /**
     * Opens a block device, by a node that is there for that moment. One that is written is the opener's alone: the host cannot
     * mount it meanwhile.
     *
     * @throws LinuxException {@code EBUSY} where it is to be written and somebody uses it, {@code ENXIO} where it is gone
     */
    public Fd open(boolean readOnly) {
        Path node = Path.of(
                "/dev/.hako-" + Long.toHexString(ThreadLocalRandom.current().nextLong()));
        String what = "open block device " + numbers();
        try (Arena arena = Arena.ofConfined()) {
            long path = arena.allocateFrom(node.toString()).address();
            long made = Syscall.call(Syscall.MKNODAT, Fd.CWD, path, S_IFBLK | 0600, number());
            Syscall.check(made, "mknodat", what);
            try {
                return Fd.open(node, readOnly ? Fd.O_RDONLY : Fd.O_RDWR | Fd.O_EXCL, 0);
            } catch (LinuxException e) {
                throw new LinuxException(e.call(), what, e.errno());
            } finally {
                Syscall.call(Syscall.UNLINKAT, Fd.CWD, path, 0);
            }
        }
    }

    /** As the kernel takes it: include/linux/kdev_t.h, new_encode_dev. */
    private long number() {
        return Integer.toUnsignedLong(minor & 0xff | major << 8 | (minor & ~0xff) << 12);
    }
}
