package hako.network;

import hako.base.HakoException;
import hako.base.Undo;
import java.io.IOException;
import java.net.BindException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.StandardProtocolFamily;
import java.nio.channels.DatagramChannel;
import java.nio.channels.NetworkChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Published ports of the host, held by sockets bound to them. No packet reaches those: the firewall leads it away
 * before. They prove that the port is free, and keep others, another daemon of ours among them, from taking it. One
 * thread at a time: the network's lock.
 */
final class HostPorts {
    private record Held(String sandboxId, NetworkChannel socket) {}

    private final Map<String, Held> held = new HashMap<>();

    /**
     * All or none.
     *
     * @return the same with chosen ports filled in
     * @throws HakoException {@code ALREADY_EXISTS} naming who has it
     */
    List<PortMapping> hold(String sandboxId, List<PortMapping> ports) {
        List<PortMapping> all = new ArrayList<>();
        try (Undo undo = new Undo()) {
            for (PortMapping port : ports) {
                PortMapping bound = hold(sandboxId, port);
                undo.add(() -> release(bound));
                all.add(bound);
            }
            undo.release();
        }
        return List.copyOf(all);
    }

    void release(Endpoint endpoint) {
        for (PortMapping port : endpoint.ports()) {
            Held of = held.get(port.hostName());
            if (of != null && of.sandboxId().equals(endpoint.sandboxId())) {
                release(port);
            }
        }
    }

    void releaseAll() {
        held.values().forEach(HostPorts::close);
        held.clear();
    }

    private void release(PortMapping port) {
        Held of = held.remove(port.hostName());
        if (of != null) {
            close(of);
        }
    }

    private PortMapping hold(String sandboxId, PortMapping port) {
        Held other = held.get(port.hostName());
        if (other != null) {
            throw inUse(port, "sandbox " + other.sandboxId());
        }
        InetAddress ip = Inet4Address.ofLiteral(port.hostIp());
        InetSocketAddress address = new InetSocketAddress(ip, port.hostPort());
        try {
            NetworkChannel socket = port.protocol().equals("tcp") ? bindTcp(address) : bindUdp(address);
            PortMapping bound = port.withHostPort(((InetSocketAddress) socket.getLocalAddress()).getPort());
            held.put(bound.hostName(), new Held(sandboxId, socket));
            return bound;
        } catch (IOException e) {
            throw refused(port, ip, e);
        }
    }

    /**
     * Bound and not listening: should the firewall's rules be lost, a connection is refused rather than left hanging.
     * That takes the port only without {@code SO_REUSEADDR} (inet_csk_bind_conflict), and so fails where connections of
     * a program that has ended are in TIME_WAIT; a listener has the right to such a port.
     */
    private static NetworkChannel bindTcp(InetSocketAddress address) throws IOException {
        try {
            return bind(SocketChannel.open(StandardProtocolFamily.INET), address);
        } catch (BindException e) {
            return bind(ServerSocketChannel.open(StandardProtocolFamily.INET), address);
        }
    }

    private static NetworkChannel bindUdp(InetSocketAddress address) throws IOException {
        return bind(DatagramChannel.open(StandardProtocolFamily.INET), address);
    }

    private static NetworkChannel bind(NetworkChannel socket, InetSocketAddress address) throws IOException {
        try {
            return socket.bind(address);
        } catch (IOException e) {
            socket.close();
            throw e;
        }
    }

    private HakoException refused(PortMapping port, InetAddress ip, IOException e) {
        try {
            if (!ip.isAnyLocalAddress() && NetworkInterface.getByInetAddress(ip) == null) {
                return HakoException.user(
                        HakoException.Code.INVALID_ARGUMENT,
                        "publish port " + port.hostName() + ": the host has no address " + port.hostIp());
            }
        } catch (IOException unknown) {
            e.addSuppressed(unknown);
        }
        // 0.0.0.0:80 and 127.0.0.1:80 are in each other's way too.
        String end = ":" + port.hostPort() + "/" + port.protocol();
        return held.entrySet().stream()
                .filter(h -> (":" + h.getKey()).endsWith(end))
                .map(h -> "sandbox " + h.getValue().sandboxId())
                .findFirst()
                .or(() -> PortUser.of(port.protocol(), port.hostPort()).map(PortUser::toString))
                .or(() -> e instanceof BindException ? Optional.of("another program") : Optional.empty())
                .map(user -> inUse(port, user))
                .orElseGet(() -> new HakoException(
                        HakoException.Kind.EXTERNAL,
                        HakoException.Code.UNAVAILABLE,
                        "publish port " + port.hostName() + ": " + e.getMessage(),
                        e));
    }

    private static HakoException inUse(PortMapping port, String user) {
        return HakoException.user(
                HakoException.Code.ALREADY_EXISTS, "publish port " + port.hostName() + ": already in use by " + user);
    }

    private static void close(Held held) {
        try {
            held.socket().close();
        } catch (IOException e) {
            throw new HakoException(
                    HakoException.Kind.INTERNAL, HakoException.Code.INTERNAL, "release a port: " + e.getMessage(), e);
        }
    }
}
