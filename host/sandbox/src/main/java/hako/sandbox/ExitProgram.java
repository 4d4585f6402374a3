package hako.sandbox;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HexFormat;

/**
 * A small Linux program, for x86-64, that does a little of what programs do: it writes a line, reads a file of its image by
 * mapping it, and ends. It needs nothing of that image.
 *
 * @see <a href="https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html">ELF header</a>
 */
final class ExitProgram {
    private static final int HEADER = 64;
    private static final int SEGMENT = 56;
    private static final long BASE = 0x400000;
    private static final int PAGE = 0x1000;

    /**
     * <pre>
     *      write(1, msg, 2)
     *      eax = open("/etc/passwd", O_RDONLY);           if (eax &lt; 0) goto end
     *      rax = mmap(0, 4096, PROT_READ, MAP_PRIVATE, eax, 0);   if (rax &lt; 0) goto end
     *      load from rax
     * end: exit(0)
     * msg: "r\n"
     * </pre>
     */
    private static final byte[] CODE = HexFormat.of()
            .parseHex("b801000000bf01000000488d354b000000ba020000000f05b802000000488d3d"
                    + "3a00000031f60f0585c078274189c0b80900000031ffbe00100000ba01000000"
                    + "41ba020000004531c90f054885c078030fb600b83c00000031ff0f05720a2f65"
                    + "74632f70617373776400");

    private ExitProgram() {}

    static byte[] elf() {
        int size = HEADER + SEGMENT + CODE.length;
        return ByteBuffer.allocate(size)
                .order(ByteOrder.LITTLE_ENDIAN)
                // magic, 64 bits, little endian, version 1, System V
                .put(new byte[] {0x7f, 'E', 'L', 'F', 2, 1, 1, 0})
                .putLong(0)
                .putShort((short) 2) // executable
                .putShort((short) 62) // x86-64
                .putInt(1)
                .putLong(BASE + HEADER + SEGMENT) // entry
                .putLong(HEADER) // program headers
                .putLong(0) // no sections
                .putInt(0)
                .putShort((short) HEADER)
                .putShort((short) SEGMENT)
                .putShort((short) 1)
                .putShort((short) 0)
                .putShort((short) 0)
                .putShort((short) 0)
                // one segment to load, readable and executable, with all of the file
                .putInt(1)
                .putInt(5)
                .putLong(0)
                .putLong(BASE)
                .putLong(BASE)
                .putLong(size)
                .putLong(size)
                .putLong(PAGE)
                .put(CODE)
                .array();
    }
}
