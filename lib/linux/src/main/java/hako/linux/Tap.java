package hako.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * Tap interfaces: an Ethernet port whose other end is a descriptor, which a VMM reads and writes. Made in the calling
 * thread's network namespace. See Documentation/networking/tuntap.rst.
 */
public final class Tap {
    private static final Path DEVICE = Path.of("/dev/net/tun");

    // include/uapi/linux/if_tun.h
    private static final int TUNSETIFF = 0x400454ca;
    private static final int TUNSETPERSIST = 0x400454cb;
    private static final int TUNSETOWNER = 0x400454cc;
    private static final short IFF_TAP = 0x0002;
    private static final short IFF_NO_PI = 0x1000;
    private static final short IFF_VNET_HDR = 0x4000;
    private static final short IFF_TUN_EXCL = (short) 0x8000;

    private static final int IFREQ_SIZE = 40;
    private static final int IFNAMSIZ = 16;

    private Tap() {}

    /**
     * Makes a persistent one: it stays when nobody has it open, until {@link #delete}.
     *
     * @param ownerUid the user who may open it besides root
     * @throws LinuxException {@code EBUSY} when there is an interface of this name
     */
    public static void create(String name, int ownerUid) {
        try (Fd tap = attach(name, IFF_TUN_EXCL)) {
            set(tap, name, TUNSETOWNER, ownerUid);
            set(tap, name, TUNSETPERSIST, 1);
        }
    }

    /** The other end of an existing one, to hand to a VMM. One may have it open at a time. */
    public static Fd open(String name) {
        return attach(name, (short) 0);
    }

    /** Removes it, in use or not. False if there was none. */
    public static boolean delete(String name) {
        try (Netlink netlink = Netlink.open()) {
            return netlink.deleteLink(name);
        }
    }

    private static Fd attach(String name, short more) {
        byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
        if (bytes.length == 0 || bytes.length >= IFNAMSIZ) {
            throw new LinuxException("ioctl", "name a tap " + name, Errno.EINVAL);
        }
        Fd tap = Fd.open(DEVICE, Fd.O_RDWR, 0);
        try (Arena arena = Arena.ofConfined()) {
            // struct ifreq { char ifr_name[16]; short ifr_flags; ... }
            MemorySegment request = arena.allocate(IFREQ_SIZE, 8);
            MemorySegment.copy(bytes, 0, request, Syscall.BYTE, 0, bytes.length);
            request.set(Syscall.SHORT, IFNAMSIZ, (short) (IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | more));
            Syscall.check(
                    Syscall.call(Syscall.IOCTL, tap.number(), TUNSETIFF, request.address()),
                    "ioctl",
                    "attach to tap " + name);
            return tap;
        } catch (RuntimeException e) {
            tap.close();
            throw e;
        }
    }

    private static void set(Fd tap, String name, int request, long value) {
        Syscall.check(Syscall.call(Syscall.IOCTL, tap.number(), request, value), "ioctl", "set up tap " + name);
    }
}
