package hako.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * A netlink socket: requests and their answers ({@code netlink(7)}). The kernel works on a request within {@code
 * sendto}, so that answers are there when it returns and reading them never waits.
 *
 * <pre>
 *  0 length u32, with these 16   4 type u16   6 flags u16   8 sequence u32   12 port u32   16 body, padded to 4
 * </pre>
 */
final class NetlinkSocket implements AutoCloseable {
    // include/uapi/linux/netlink.h
    private static final int AF_NETLINK = 16;
    private static final int SOCK_RAW = 3;
    static final int NETLINK_ROUTE = 0;
    static final int NETLINK_NETFILTER = 12;
    private static final int NLM_F_REQUEST = 0x1;
    private static final int NLM_F_ACK = 0x4;
    private static final int NLM_F_DUMP = 0x300;
    private static final int NLM_F_DUMP_INTR = 0x10;
    private static final int NLMSG_ERROR = 2;
    private static final int NLMSG_DONE = 3;
    private static final int MSG_DONTWAIT = 0x40;

    /** {@code NLM_F_CREATE | NLM_F_EXCL} */
    static final int CREATE = 0x600;

    private static final int HEADER = 16;

    /** The kernel fills at most this much per read when it is offered this much (netlink_dump). */
    static final int BUFFER = 32 * 1024;

    private static final int DUMP_TRIES = 5;

    private final Fd socket;
    private int sequence;

    private NetlinkSocket(Fd socket) {
        this.socket = socket;
    }

    /** @param family one of the {@code NETLINK_} constants */
    static NetlinkSocket open(int family) {
        return new NetlinkSocket(Fd.own((int) Syscall.check(
                Syscall.call(Syscall.SOCKET, AF_NETLINK, SOCK_RAW | Fd.O_CLOEXEC, family),
                "socket",
                "create a netlink socket")));
    }

    /** Hears from now on what the kernel tells these groups ({@code RTMGRP_} constants). */
    void join(int groups) {
        try (Arena arena = Arena.ofConfined()) {
            // struct sockaddr_nl { u16 family, pad; u32 port, groups }
            MemorySegment address = arena.allocate(12, 4);
            address.set(Syscall.SHORT, 0, (short) AF_NETLINK);
            address.set(Syscall.INT, 8, groups);
            Syscall.check(
                    socket.with(n -> Syscall.call(Syscall.BIND, n, address.address(), 12)),
                    "bind",
                    "hear of changes by netlink");
        }
    }

    Fd fd() {
        return socket;
    }

    /** @return bytes of one datagram, or {@code -errno}; never waits */
    long receive(MemorySegment into) {
        long address = into.address();
        long size = into.byteSize();
        return socket.with(n -> Syscall.call(Syscall.RECVFROM, n, address, size, MSG_DONTWAIT, 0, 0));
    }

    /** Sends a request and returns what comes before its acknowledgement. */
    List<NetlinkMessage> exchange(NetlinkMessage request, int flags, String what) {
        send(request, NLM_F_REQUEST | NLM_F_ACK | flags, what);
        return answers(what).messages();
    }

    /** All of a kind; asked again when it changed meanwhile. */
    List<NetlinkMessage> dump(NetlinkMessage request, String what) {
        for (int i = 1; ; i++) {
            send(request, NLM_F_REQUEST | NLM_F_DUMP, what);
            Answers answers = answers(what);
            if (!answers.interrupted() || i == DUMP_TRIES) {
                return answers.messages();
            }
        }
    }

    private record Answers(List<NetlinkMessage> messages, boolean interrupted) {}

    private void send(NetlinkMessage request, int flags, String what) {
        byte[] body = request.body();
        ByteBuffer message = ByteBuffer.allocate(HEADER + body.length).order(ByteOrder.nativeOrder());
        message.putInt(HEADER + body.length).putShort((short) request.type()).putShort((short) flags);
        message.putInt(++sequence).putInt(0).put(body);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = arena.allocate(message.capacity(), 4);
            bytes.copyFrom(MemorySegment.ofArray(message.array()));
            long length = bytes.byteSize();
            Syscall.check(
                    socket.with(n -> Syscall.call(Syscall.SENDTO, n, bytes.address(), length, 0, 0, 0)),
                    "netlink",
                    what);
        }
    }

    private Answers answers(String what) {
        List<NetlinkMessage> messages = new ArrayList<>();
        boolean interrupted = false;
        while (true) {
            ByteBuffer received = receive(what);
            while (received.remaining() >= HEADER) {
                int start = received.position();
                int length = Math.clamp(received.getInt(start), HEADER, received.remaining());
                int type = received.getShort(start + 4) & 0xFFFF;
                // Answers to an earlier request whose sender gave up are skipped.
                boolean ours = received.getInt(start + 8) == sequence;
                interrupted |= ours && (received.getShort(start + 6) & NLM_F_DUMP_INTR) != 0;
                if (ours && (type == NLMSG_ERROR || type == NLMSG_DONE)) {
                    int error = length >= HEADER + 4 ? received.getInt(start + HEADER) : 0;
                    Syscall.check(error, "netlink", what);
                    return new Answers(messages, interrupted);
                }
                if (ours) {
                    byte[] body = new byte[length - HEADER];
                    received.get(start + HEADER, body);
                    messages.add(NetlinkMessage.received(type, body));
                }
                received.position(Math.min(start + NetlinkMessage.aligned(length), received.limit()));
            }
        }
    }

    private ByteBuffer receive(String what) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate(BUFFER, 4);
            long n = Syscall.check(receive(buffer), "netlink", what);
            byte[] bytes = new byte[(int) n];
            MemorySegment.copy(buffer, Syscall.BYTE, 0, bytes, 0, bytes.length);
            return ByteBuffer.wrap(bytes).order(ByteOrder.nativeOrder());
        }
    }

    @Override
    public void close() {
        socket.close();
    }
}
