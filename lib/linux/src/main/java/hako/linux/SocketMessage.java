package hako.linux;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One {@code sendmsg} or {@code recvmsg} with {@code SCM_RIGHTS}.
 *
 * <pre>
 * struct msghdr (64 bit)            struct iovec         struct cmsghdr
 *  0 msg_name        u64 (0)         0 iov_base u64       0 cmsg_len   u64 = 16 + 4n
 *  8 msg_namelen     u32 (0)         8 iov_len  u64       8 cmsg_level i32 = SOL_SOCKET
 * 16 msg_iov         u64                                 12 cmsg_type  i32 = SCM_RIGHTS
 * 24 msg_iovlen      u64 = 1                             16 n descriptors, i32 each; padded to 8
 * 32 msg_control     u64
 * 40 msg_controllen  u64
 * 48 msg_flags       i32
 * </pre>
 *
 * <p>SAFETY: header, vector, data and control area are one arena's, alive until the call returned; lengths given are
 * those allocated.
 */
final class SocketMessage {
    private static final int SOL_SOCKET = 1;
    private static final int SCM_RIGHTS = 1;

    // include/linux/socket.h
    private static final int MSG_CTRUNC = 0x8;
    private static final int MSG_DONTWAIT = 0x40;
    private static final int MSG_NOSIGNAL = 0x4000;
    private static final int MSG_CMSG_CLOEXEC = 0x40000000;

    private static final int HEADER = 56;
    private static final int VECTOR = 16;
    private static final int CONTROL_HEADER = 16;

    private final MemorySegment header;
    private final MemorySegment data;
    private final MemorySegment control;

    private SocketMessage(Arena arena, int length, int fds) {
        header = arena.allocate(HEADER + VECTOR, 8);
        data = arena.allocate(Math.max(length, 1));
        control = arena.allocate(fds == 0 ? 0 : CONTROL_HEADER + (4L * fds + 7) / 8 * 8, 8);
        header.set(Syscall.LONG, 16, header.address() + HEADER);
        header.set(Syscall.LONG, 24, 1);
        header.set(Syscall.LONG, 32, fds == 0 ? 0 : control.address());
        header.set(Syscall.LONG, 40, control.byteSize());
        header.set(Syscall.LONG, HEADER, data.address());
        header.set(Syscall.LONG, HEADER + 8, length);
    }

    /** @return null: nothing there now */
    static UnixSocket.@Nullable Received receive(Fd socket, ByteBuffer into, int maxFds) {
        int most = Math.min(into.remaining(), Io.CHUNK);
        try (Arena arena = Arena.ofConfined()) {
            SocketMessage message = new SocketMessage(arena, most, maxFds);
            long at = message.header.address();
            long n = socket.with(fd -> Syscall.call(Syscall.RECVMSG, fd, at, MSG_DONTWAIT | MSG_CMSG_CLOEXEC));
            if (n == -Errno.EAGAIN) {
                return null;
            }
            Syscall.check(n, "recvmsg", "receive from " + socket);
            List<Fd> fds = message.fds();
            if ((message.header.get(Syscall.INT, 48) & MSG_CTRUNC) != 0) {
                fds.forEach(Fd::close);
                throw new LinuxException(
                        "recvmsg", "receive from " + socket + " at most " + maxFds + " descriptors", Errno.EMSGSIZE);
            }
            into.put(message.data.asSlice(0, n).asByteBuffer());
            return new UnixSocket.Received(n == 0 && most > 0 ? -1 : (int) n, List.copyOf(fds));
        }
    }

    /** @return false: no room now; nothing was sent */
    static boolean send(Fd socket, ByteBuffer bytes, List<Fd> fds) {
        int length = Math.min(bytes.remaining(), Io.CHUNK);
        try (Arena arena = Arena.ofConfined()) {
            SocketMessage message = new SocketMessage(arena, length, fds.size());
            message.data.copyFrom(MemorySegment.ofBuffer(bytes).asSlice(0, length));
            message.put(fds);
            long at = message.header.address();
            long n = socket.with(fd -> Syscall.call(Syscall.SENDMSG, fd, at, MSG_DONTWAIT | MSG_NOSIGNAL));
            if (n == -Errno.EAGAIN) {
                return false;
            }
            Syscall.check(n, "sendmsg", "send to " + socket);
            bytes.position(bytes.position() + (int) n);
            return true;
        }
    }

    private void put(List<Fd> fds) {
        if (fds.isEmpty()) {
            return;
        }
        control.set(Syscall.LONG, 0, CONTROL_HEADER + 4L * fds.size());
        control.set(Syscall.INT, 8, SOL_SOCKET);
        control.set(Syscall.INT, 12, SCM_RIGHTS);
        for (int i = 0; i < fds.size(); i++) {
            control.set(Syscall.INT, CONTROL_HEADER + 4L * i, fds.get(i).number());
        }
    }

    private List<Fd> fds() {
        List<Fd> fds = new ArrayList<>();
        long end = header.get(Syscall.LONG, 40);
        if (end >= CONTROL_HEADER
                && control.get(Syscall.INT, 8) == SOL_SOCKET
                && control.get(Syscall.INT, 12) == SCM_RIGHTS) {
            long length = Math.min(control.get(Syscall.LONG, 0), end);
            for (long at = CONTROL_HEADER; at + 4 <= length; at += 4) {
                fds.add(Fd.own(control.get(Syscall.INT, at)));
            }
        }
        return fds;
    }
}
