package hako.linux;

import hako.base.HakoException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * Hears of changes of links, addresses and routes of a network namespace ({@code rtnetlink(7)}): the one of the thread that
 * opened it, which it keeps in being. That something has changed is told, not what. One thread uses it at a time; closing it
 * from another wakes that one.
 */
public final class NetlinkMonitor implements AutoCloseable {
    // include/uapi/linux/rtnetlink.h
    private static final int RTMGRP_LINK = 0x1;
    private static final int RTMGRP_IPV4_IFADDR = 0x10;
    private static final int RTMGRP_IPV4_ROUTE = 0x40;
    private static final int RTMGRP_IPV6_IFADDR = 0x100;
    private static final int RTMGRP_IPV6_ROUTE = 0x400;
    private static final int GROUPS =
            RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_IFADDR | RTMGRP_IPV6_ROUTE;

    private final NetlinkSocket socket;

    private NetlinkMonitor(NetlinkSocket socket) {
        this.socket = socket;
    }

    public static NetlinkMonitor open() {
        NetlinkSocket socket = NetlinkSocket.open(NetlinkSocket.NETLINK_ROUTE);
        try {
            socket.join(GROUPS);
            return new NetlinkMonitor(socket);
        } catch (RuntimeException e) {
            socket.close();
            throw e;
        }
    }

    /**
     * Waits until something has changed.
     *
     * @param timeout null: without end
     * @return false: nothing has
     * @throws LinuxException {@code EBADF} when it is closed meanwhile
     */
    public boolean await(@Nullable Duration timeout) throws InterruptedException {
        try {
            Poller.shared().awaitReadable(socket.fd(), timeout);
            return true;
        } catch (HakoException e) {
            if (e.code() == HakoException.Code.TIMEOUT) {
                return false;
            }
            throw e;
        }
    }

    /** Forgets what has been heard so far. Never waits. */
    public void drain() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate(NetlinkSocket.BUFFER, 4);
            for (long n = 0; n != -Errno.EAGAIN; n = socket.receive(buffer)) {
                if (n != -Errno.ENOBUFS) { // more than it can keep; that there was something is enough
                    Syscall.check(n, "netlink", "hear of changes");
                }
            }
        }
    }

    @Override
    public void close() {
        socket.close();
    }
}
