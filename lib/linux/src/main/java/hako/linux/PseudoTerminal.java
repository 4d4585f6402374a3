package hako.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;

/** A pair of a terminal and the end that plays keyboard and screen: {@code pty(7)}. */
public record PseudoTerminal(Fd controller, Fd terminal) implements AutoCloseable {
    // include/uapi/asm-generic/ioctls.h
    private static final int TIOCSPTLCK = 0x40045431;
    private static final int TIOCGPTPEER = 0x5441;

    public static PseudoTerminal open() {
        Fd controller = Fd.open(Path.of("/dev/ptmx"), Fd.O_RDWR | Fd.O_NOCTTY, 0);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment unlocked = arena.allocate(4, 4);
            Syscall.check(
                    Syscall.call(Syscall.IOCTL, controller.number(), TIOCSPTLCK, unlocked.address()),
                    "ioctl",
                    "unlock a pseudoterminal");
            long terminal = Syscall.check(
                    Syscall.call(
                            Syscall.IOCTL, controller.number(), TIOCGPTPEER, Fd.O_RDWR | Fd.O_NOCTTY | Fd.O_CLOEXEC),
                    "ioctl",
                    "open a pseudoterminal");
            return new PseudoTerminal(controller, Fd.own((int) terminal));
        } catch (RuntimeException e) {
            controller.close();
            throw e;
        }
    }

    @Override
    public void close() {
        controller.close();
        terminal.close();
    }
}
