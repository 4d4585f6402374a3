package hako.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** What a terminal can be asked: {@code ioctl_tty(2)}. */
public final class Terminal {
    // include/uapi/asm-generic/ioctls.h
    private static final int TCGETS = 0x5401;
    private static final int TIOCGWINSZ = 0x5413;
    private static final int TIOCSWINSZ = 0x5414;
    private static final int TERMIOS_SIZE = 64;

    private Terminal() {}

    /** Both 0 where the terminal does not know. */
    public record Size(int rows, int columns) {}

    public static boolean isTerminal(Fd fd) {
        try (Arena arena = Arena.ofConfined()) {
            long termios = arena.allocate(TERMIOS_SIZE, 8).address();
            return fd.with(n -> Syscall.call(Syscall.IOCTL, n, TCGETS, termios)) == 0;
        }
    }

    /** @throws LinuxException {@code ENOTTY} */
    public static Size size(Fd fd) {
        try (Arena arena = Arena.ofConfined()) {
            // struct winsize { u16 ws_row, ws_col, ws_xpixel, ws_ypixel }
            MemorySegment size = arena.allocate(8, 2);
            Syscall.check(
                    fd.with(n -> Syscall.call(Syscall.IOCTL, n, TIOCGWINSZ, size.address())),
                    "ioctl",
                    "window size of " + fd);
            return new Size(size.get(Syscall.SHORT, 0) & 0xFFFF, size.get(Syscall.SHORT, 2) & 0xFFFF);
        }
    }

    public static void resize(Fd fd, Size size) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment winsize = arena.allocate(8, 2);
            winsize.set(Syscall.SHORT, 0, (short) size.rows());
            winsize.set(Syscall.SHORT, 2, (short) size.columns());
            Syscall.check(
                    fd.with(n -> Syscall.call(Syscall.IOCTL, n, TIOCSWINSZ, winsize.address())),
                    "ioctl",
                    "resize " + fd);
        }
    }
}
