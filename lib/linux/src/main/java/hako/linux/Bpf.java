package hako.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A small program for the kernel, written instruction by instruction; {@link #load} has the kernel check it. See
 * Documentation/bpf/standardization/instruction-set.rst and include/uapi/linux/bpf.h.
 *
 * <pre>
 * 0 code u8   1 destination register, low half; source, high half   2 offset i16   4 immediate i32
 * </pre>
 */
final class Bpf {
    /** BPF_PROG_TYPE_SCHED_CLS */
    static final int CLASSIFIER = 3;

    // BPF_LDX | BPF_MEM with a size, BPF_STX | BPF_MEM | BPF_W
    static final int LOAD_BYTE = 0x71;
    static final int LOAD_HALF = 0x69;
    static final int LOAD_WORD = 0x61;
    static final int STORE_WORD = 0x63;

    // BPF_ALU64 and BPF_ALU, by register and by immediate
    static final int MOVE = 0xbf;
    static final int SET = 0xb7;
    static final int ADD = 0x07;
    static final int AND = 0x57;

    // BPF_JMP
    static final int GO = 0x05;
    static final int IF_EQUAL = 0x15;
    static final int IF_NOT_EQUAL = 0x55;
    static final int IF_GREATER_REGISTER = 0x2d;
    static final int CALL = 0x85;
    static final int EXIT = 0x95;

    private static final int BPF_PROG_LOAD = 5;
    private static final int INSTRUCTION = 8;
    private static final int ATTRIBUTES = 72;

    private record Instruction(int code, int destination, int source, int offset, int immediate, String target) {}

    private final List<Instruction> code = new ArrayList<>();
    private final Map<String, Integer> labels = new HashMap<>();

    Bpf add(int operation, int destination, int source, int offset, int immediate) {
        code.add(new Instruction(operation, destination, source, offset, immediate, ""));
        return this;
    }

    /** Goes on at the label where the register is so, or is so beside the source. */
    Bpf jump(int operation, int register, int source, int immediate, String label) {
        code.add(new Instruction(operation, register, source, 0, immediate, label));
        return this;
    }

    Bpf call(int function) {
        return add(CALL, 0, 0, 0, function);
    }

    Bpf label(String name) {
        labels.put(name, code.size());
        return this;
    }

    byte[] bytes() {
        ByteBuffer bytes = ByteBuffer.allocate(code.size() * INSTRUCTION).order(ByteOrder.nativeOrder());
        for (int at = 0; at < code.size(); at++) {
            Instruction i = code.get(at);
            int offset = i.target().isEmpty() ? i.offset() : labels.get(i.target()) - at - 1;
            bytes.put((byte) i.code()).put((byte) (i.destination() | i.source() << 4));
            bytes.putShort((short) offset).putInt(i.immediate());
        }
        return bytes.array();
    }

    /**
     * A descriptor of it. SAFETY: the attributes begin with type u32, count u32, instructions u64, license u64; what they point at
     * is the arena's.
     */
    Fd load(int type, String what) {
        byte[] bytes = bytes();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment program = arena.allocate(bytes.length, 8);
            program.copyFrom(MemorySegment.ofArray(bytes));
            MemorySegment attributes = arena.allocate(ATTRIBUTES, 8);
            attributes.set(Syscall.INT, 0, type);
            attributes.set(Syscall.INT, 4, code.size());
            attributes.set(Syscall.LONG, 8, program.address());
            attributes.set(Syscall.LONG, 16, arena.allocateFrom("Apache-2.0").address());
            return Fd.own((int) Syscall.check(
                    Syscall.call(Syscall.BPF, BPF_PROG_LOAD, attributes.address(), ATTRIBUTES), "bpf", what));
        }
    }
}
