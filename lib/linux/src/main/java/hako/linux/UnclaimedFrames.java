package hako.linux;

import java.nio.ByteOrder;

/**
 * A program for what comes in by a link: what a socket of this network namespace waits for stays, everything else goes out by
 * another link. So whoever owns the namespace can speak for it, as Docker does when it asks a name server on a container's behalf, though the
 * link's address is used elsewhere. Answers of ARP go both ways.
 *
 * <p>Of IPv4, UDP and TCP; fragments and packets with options go out. Offsets are those of struct __sk_buff, an Ethernet header
 * (14 bytes) and one of IPv4 (20).
 */
final class UnclaimedFrames {
    // include/uapi/linux/bpf.h, struct __sk_buff
    private static final int PROTOCOL = 16;
    private static final int DATA = 76;
    private static final int DATA_END = 80;

    // enum bpf_func_id
    private static final int CLONE_REDIRECT = 13;
    private static final int REDIRECT = 23;
    private static final int SK_LOOKUP_UDP = 85;
    private static final int SK_RELEASE = 86;
    private static final int SKC_LOOKUP_TCP = 99;
    private static final int CURRENT_NETNS = -1;

    private static final int IPV4 = network(0x0800);
    private static final int ARP = network(0x0806);
    private static final int ARP_REPLY = network(2);
    private static final int ARP_OPERATION = 20;

    private static final int HEADERS = 14 + 20 + 8;
    private static final int VERSION_AND_LENGTH = 14;
    private static final int WITHOUT_OPTIONS = 0x45;
    private static final int FRAGMENT = 20;
    private static final int ANY_FRAGMENT = network(0x3FFF);
    private static final int IP_PROTOCOL = 23;
    private static final int SOURCE = 26;
    private static final int DESTINATION = 30;
    private static final int PORTS = 34;
    private static final int TCP = 6;
    private static final int UDP = 17;

    /** struct bpf_sock_tuple, on the stack: source, destination, both ports. */
    private static final int TUPLE = -16;

    private static final int TUPLE_SIZE = 12;

    private UnclaimedFrames() {}

    /** Registers: 6 the frame, 7 its protocol within IPv4; 2 where its bytes begin, 3 where they end. */
    static Bpf program(Link to) {
        return new Bpf()
                .add(Bpf.MOVE, 6, 1, 0, 0)
                .add(Bpf.LOAD_WORD, 7, 6, PROTOCOL, 0)
                .add(Bpf.LOAD_WORD, 2, 6, DATA, 0)
                .add(Bpf.LOAD_WORD, 3, 6, DATA_END, 0)
                .add(Bpf.MOVE, 4, 2, 0, 0)
                .add(Bpf.ADD, 4, 0, 0, HEADERS)
                .jump(Bpf.IF_GREATER_REGISTER, 4, 3, 0, "redirect")
                .jump(Bpf.IF_EQUAL, 7, 0, ARP, "arp")
                .jump(Bpf.IF_NOT_EQUAL, 7, 0, IPV4, "redirect")
                .add(Bpf.LOAD_BYTE, 4, 2, VERSION_AND_LENGTH, 0)
                .jump(Bpf.IF_NOT_EQUAL, 4, 0, WITHOUT_OPTIONS, "redirect")
                .add(Bpf.LOAD_HALF, 4, 2, FRAGMENT, 0)
                .add(Bpf.AND, 4, 0, 0, ANY_FRAGMENT)
                .jump(Bpf.IF_NOT_EQUAL, 4, 0, 0, "redirect")
                .add(Bpf.LOAD_WORD, 4, 2, SOURCE, 0)
                .add(Bpf.STORE_WORD, 10, 4, TUPLE, 0)
                .add(Bpf.LOAD_WORD, 4, 2, DESTINATION, 0)
                .add(Bpf.STORE_WORD, 10, 4, TUPLE + 4, 0)
                .add(Bpf.LOAD_WORD, 4, 2, PORTS, 0)
                .add(Bpf.STORE_WORD, 10, 4, TUPLE + 8, 0)
                .add(Bpf.LOAD_BYTE, 7, 2, IP_PROTOCOL, 0)
                .add(Bpf.MOVE, 1, 6, 0, 0)
                .add(Bpf.MOVE, 2, 10, 0, 0)
                .add(Bpf.ADD, 2, 0, 0, TUPLE)
                .add(Bpf.SET, 3, 0, 0, TUPLE_SIZE)
                .add(Bpf.SET, 4, 0, 0, CURRENT_NETNS)
                .add(Bpf.SET, 5, 0, 0, 0)
                .jump(Bpf.IF_EQUAL, 7, 0, TCP, "tcp")
                .jump(Bpf.IF_NOT_EQUAL, 7, 0, UDP, "redirect")
                .call(SK_LOOKUP_UDP)
                .jump(Bpf.GO, 0, 0, 0, "socket")
                .label("tcp")
                .call(SKC_LOOKUP_TCP)
                .label("socket")
                .jump(Bpf.IF_EQUAL, 0, 0, 0, "redirect")
                .add(Bpf.MOVE, 1, 0, 0, 0)
                .call(SK_RELEASE)
                .jump(Bpf.GO, 0, 0, 0, "stay")
                .label("arp")
                .add(Bpf.LOAD_HALF, 4, 2, ARP_OPERATION, 0)
                .jump(Bpf.IF_NOT_EQUAL, 4, 0, ARP_REPLY, "redirect")
                .add(Bpf.MOVE, 1, 6, 0, 0)
                .add(Bpf.SET, 2, 0, 0, to.index())
                .add(Bpf.SET, 3, 0, 0, 0)
                .call(CLONE_REDIRECT)
                .label("stay")
                .add(Bpf.SET, 0, 0, 0, 0)
                .add(Bpf.EXIT, 0, 0, 0, 0)
                .label("redirect")
                .add(Bpf.SET, 1, 0, 0, to.index())
                .add(Bpf.SET, 2, 0, 0, 0)
                .call(REDIRECT)
                .add(Bpf.EXIT, 0, 0, 0, 0);
    }

    /** As two bytes in network order read here. */
    private static int network(int value) {
        boolean swapped = ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN;
        return swapped ? Short.reverseBytes((short) value) & 0xFFFF : value;
    }
}
